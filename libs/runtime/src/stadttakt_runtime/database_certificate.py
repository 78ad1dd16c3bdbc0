# SPDX-License-Identifier: EUPL-1.2
"""The database's certificate in the folder of `stadttakt setup`, signed by an authority of the installation's own."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from stadttakt_runtime.broker_access.passwords import write_whole

AUTHORITY = "authority/ca"
SHOWN = "database/tls"
TRUSTED = "trust/database.crt"
AUTHORITY_LIFE = timedelta(days=3650)
LIFE = timedelta(days=730)
RENEWED = timedelta(days=60)
"""Before its end; the alert comes at 21 days."""
ALWAYS = ("localhost", "127.0.0.1")
"""Names beside the one that services use: the port is published on the loopback address."""


def keep_database_certificate(into: Path, host: str, now: datetime) -> None:
    """Have a certificate for this host below `into`, and who trusts it; drawn where it is missing or ends soon.

    One that another authority signed is the city's own and stays, and so does what is trusted then. Raises OSError for files
    that cannot be read or written, ValueError for one that holds no certificate or key.
    """
    certificate, authority = into / f"{SHOWN}.crt", into / f"{AUTHORITY}.crt"
    if certificate.exists() and not authority.exists():
        return
    for folder, mode in (("authority", 0o700), ("database", 0o700), ("trust", 0o755)):
        (into / folder).mkdir(exist_ok=True)
        if not any((into / folder).iterdir()):
            (into / folder).chmod(mode)
    if not authority.exists():
        _draw_authority(into, now)
    issuer = _read(authority)
    if certificate.exists():
        present = _read(certificate)
        if not _is_signed_by(present, issuer):
            return
        if present.not_valid_after_utc - now > RENEWED and _names(present) == _wanted(host):
            _trust(into / TRUSTED, issuer)
            return
    _trust(into / TRUSTED, issuer)
    _issue(into, issuer, host, now)


def _draw_authority(into: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    # A client that trusts two of one name would try the wrong key.
    called = f"Stadttakt {now:%Y-%m-%d} {secrets.token_hex(4)}"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    builder = _builder(name, name, key, now, now + AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = _usage(signs_certificates=True)
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    _write(into / AUTHORITY, certificate, key)


def _issue(into: Path, issuer: x509.Certificate, host: str, now: datetime) -> None:
    signer = load_pem_private_key((into / f"{AUTHORITY}.key").read_bytes(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{AUTHORITY}.key is not the key that was drawn with its certificate")  # noqa: TRY004
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    until = min(now + LIFE, issuer.not_valid_after_utc)
    builder = _builder(subject, issuer.subject, key, now, until)
    builder = builder.add_extension(
        x509.SubjectAlternativeName(_wanted(host)), critical=False
    ).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    _write(into / SHOWN, builder.sign(signer, hashes.SHA256()), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # clocks of other machines may be behind
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _trust(file: Path, authority: x509.Certificate) -> None:
    """Add an authority to those that are trusted; the ones before stay until somebody takes them out."""
    before = file.read_text(encoding="ascii") if file.exists() else ""
    added = _pem(authority)
    if added not in before:
        write_whole(file, before + added, mode=0o644)


def _write(place: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    write_whole(place.with_suffix(".key"), secret, mode=0o600)
    write_whole(place.with_suffix(".crt"), _pem(certificate), mode=0o600)


def _read(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file} holds no certificate") from error


def _is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _wanted(host: str) -> list[x509.GeneralName]:
    return [_name(one) for one in dict.fromkeys((host, *ALWAYS))]


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)

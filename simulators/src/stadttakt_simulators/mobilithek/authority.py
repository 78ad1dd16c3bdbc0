# SPDX-License-Identifier: EUPL-1.2
"""Certificates of a made-up authority for the stand-in, its clients and its faults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from stadttakt_simulators.clock import system_clock, to_datetime

VALID = timedelta(days=365)


class Identity:
    """A certificate with its key."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self.key = key

    @property
    def certificate_pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, password: str | None = None) -> bytes:
        """Return the key in PEM, encrypted where there is a password."""
        encryption: KeySerializationEncryption = NoEncryption()
        if password is not None:
            encryption = BestAvailableEncryption(password.encode())
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)

    def p12(self, password: str) -> bytes:
        """Return both as PKCS#12, which is what the Mobilithek hands out."""
        encryption = BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(
            b"machine", self.key, self.certificate, None, encryption
        )


class Authority:
    """Issues certificates that whoever trusts it accepts."""

    def __init__(self, own: Identity) -> None:
        self.own = own

    @classmethod
    def new(cls, name: str) -> Authority:
        """Make an authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            _builder(subject, subject, key, ends_at=_now() + VALID)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_USAGE, critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(Identity(certificate, key))

    @classmethod
    def load(cls, pem: bytes) -> Authority:
        """Return the authority whose certificate and key were written."""
        key = load_pem_private_key(pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("not a key of ours")
        return cls(Identity(x509.load_pem_x509_certificate(pem), key))

    @property
    def certificate_pem(self) -> bytes:
        """What others must trust."""
        return self.own.certificate_pem

    def issue(self, name: str, valid: timedelta = VALID) -> Identity:
        """Return an identity whose common name is `name`, good for this machine's loopback address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        )
        issuer = self.own.certificate.subject
        builder = _builder(subject, issuer, key, ends_at=_now() + valid)
        certificate = builder.add_extension(names, critical=False)
        return Identity(certificate.sign(self.own.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, ends_at: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(_now(), ends_at) - timedelta(days=1))
        .not_valid_after(ends_at)
    )


_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _now() -> datetime:
    return to_datetime(system_clock()).astimezone(UTC)

# SPDX-License-Identifier: EUPL-1.2
"""Client certificates and passwords from files, read anew for each delivery: renewed ones hold at once."""

from __future__ import annotations

import os
import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from open_data_publisher.deliveries.targets import CertificateEntry, Target


class CredentialError(Exception):
    """A file with a secret cannot be used; the text says which and why, never what it holds."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate with its key and those that lead to its authority."""

    certificate: x509.Certificate
    key: PrivateKeyTypes
    chain: tuple[x509.Certificate, ...]

    @property
    def ends_at(self) -> datetime:
        """Until when the certificate is valid."""
        return self.certificate.not_valid_after_utc


def read_password(target: Target) -> str | None:
    """Return the password of a target that asks for one.

    Raises:
        CredentialError: the file is absent or empty.

    """
    if target.entry.password_file is None:
        return None
    return _text(target.file(target.entry.password_file))


def read_certificate(target: Target) -> ClientCertificate | None:
    """Return the client certificate of a target that has one.

    Raises:
        CredentialError: a file is absent, of another format, or the password does not open it.

    """
    entry = target.entry.certificate
    if entry is None:
        return None
    password = None
    if entry.password_file is not None:
        password = _text(target.file(entry.password_file)).encode()
    if entry.p12_file is not None:
        return _from_p12(target.file(entry.p12_file), password)
    return _from_pem(target, entry, password)


def tls_context(target: Target) -> ssl.SSLContext:
    """Return how to connect to a target: whom to trust, and as whom.

    Raises:
        CredentialError: what is needed for it cannot be read.

    """
    ca_file = target.entry.ca_file
    try:
        context = ssl.create_default_context(cafile=target.file(ca_file) if ca_file else None)
    except OSError as error:
        reason = error.strerror or "holds no certificate"
        raise CredentialError(f"{ca_file}: {reason}") from error
    found = read_certificate(target)
    if found is not None:
        _load(context, found)
    return context


def _from_p12(file: Path, password: bytes | None) -> ClientCertificate:
    try:
        key, certificate, more = pkcs12.load_key_and_certificates(_bytes(file), password)
    except ValueError as error:
        raise CredentialError(f"{file.name}: no PKCS#12, or its password is wrong") from error
    if key is None or certificate is None:
        raise CredentialError(f"{file.name}: holds no key with its certificate")
    return ClientCertificate(certificate, key, tuple(more))


def _from_pem(target: Target, entry: CertificateEntry, password: bytes | None) -> ClientCertificate:
    if entry.cert_file is None or entry.key_file is None:
        raise CredentialError("neither p12_file nor cert_file and key_file are given")
    cert_file, key_file = target.file(entry.cert_file), target.file(entry.key_file)
    try:
        certificate, *chain = x509.load_pem_x509_certificates(_bytes(cert_file))
    except ValueError as error:
        raise CredentialError(f"{cert_file.name}: holds no certificate in PEM") from error
    try:
        key = load_pem_private_key(_bytes(key_file), password)
    except (ValueError, TypeError) as error:
        text = f"{key_file.name}: holds no key in PEM, or its password is wrong"
        raise CredentialError(text) from error
    if key.public_key() != certificate.public_key():
        raise CredentialError(f"{key_file.name}: is not the key of {cert_file.name}")
    return ClientCertificate(certificate, key, tuple(chain))


def _load(context: ssl.SSLContext, found: ClientCertificate) -> None:
    """Give a context its certificate; OpenSSL takes files only, so they live in memory, encrypted."""
    password = secrets.token_urlsafe(24)
    key = found.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
    )
    certificates = b"".join(
        each.public_bytes(Encoding.PEM) for each in (found.certificate, *found.chain)
    )
    with _in_memory(certificates) as cert_path, _in_memory(key) as key_path:
        try:
            context.load_cert_chain(cert_path, key_path, password)
        except ssl.SSLError as error:
            raise CredentialError(
                f"the client certificate cannot be used: {error.reason}"
            ) from error


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    descriptor = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CredentialError(f"{file}: {error.strerror}") from error


def _text(file: Path) -> str:
    try:
        found = _bytes(file).decode().strip()
    except UnicodeDecodeError as error:
        raise CredentialError(f"{file}: is not UTF-8") from error
    if not found:
        raise CredentialError(f"{file}: is empty")
    return found

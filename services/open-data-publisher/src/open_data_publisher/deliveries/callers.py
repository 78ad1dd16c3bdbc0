# SPDX-License-Identifier: EUPL-1.2
"""Who may fetch: whoever shows a client certificate that a reverse proxy of ours has checked the key of."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from open_data_publisher.deliveries.targets import PullEntry

LONGEST_HEADER = 16_384


class CallerRefusedError(Exception):
    """Somebody who may not fetch; the text says why."""


def check_proxy(pull: PullEntry, peer: str | None) -> None:
    """Let only our proxies speak of certificates: a header from elsewhere is worth nothing.

    Raises:
        CallerRefusedError: it comes from elsewhere.

    """
    try:
        address = ip_address(peer or "")
    except ValueError as error:
        raise CallerRefusedError("not from a proxy of ours") from error
    if not any(address in ip_network(network) for network in pull.proxies):
        raise CallerRefusedError("not from a proxy of ours")


def check_certificate(pull: PullEntry, ca_file: Path, header: str, now: datetime) -> None:
    """Let only certificates pass that our authority issued to a name of ours.

    Raises:
        CallerRefusedError: it is none, another's, or not valid now.
        OSError: the authority's file cannot be read.

    """
    certificate = _certificate(header)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not {name.value for name in names} & set(pull.common_names):
        raise CallerRefusedError("the certificate is somebody else's")
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        raise CallerRefusedError("the certificate is not valid now")
    authorities = x509.load_pem_x509_certificates(ca_file.read_bytes())
    if not any(_issued(certificate, authority) for authority in authorities):
        raise CallerRefusedError("the certificate was issued by nobody we trust")


def _certificate(header: str) -> x509.Certificate:
    """Read a certificate as nginx's `$ssl_client_escaped_cert` and Traefik's header have it."""
    if not header or len(header) > LONGEST_HEADER:
        raise CallerRefusedError("no client certificate")
    pem = unquote_to_bytes(header)
    if not pem.startswith(b"-----BEGIN"):
        pem = b"-----BEGIN CERTIFICATE-----\n" + pem + b"\n-----END CERTIFICATE-----\n"
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise CallerRefusedError("no client certificate in PEM") from error


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True

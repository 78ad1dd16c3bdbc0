# SPDX-License-Identifier: EUPL-1.2
"""The certificate that `stadttakt setup` draws for the database: when it is drawn, and when it stays."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from stadttakt_runtime.database_certificate import keep_database_certificate
from support.authority import Authority

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def drawn(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "database/tls.crt").read_bytes())


def content(folder: Path) -> dict[str, bytes]:
    files = (one for one in folder.rglob("*") if one.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_certificate_is_for_the_host_and_for_who_comes_by_the_published_port(
    tmp_path: Path,
) -> None:
    keep_database_certificate(tmp_path, "timescaledb", NOW)
    names = drawn(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["timescaledb", "localhost"]
    assert list(map(str, names.get_values_for_type(x509.IPAddress))) == ["127.0.0.1"]


def test_each_file_is_for_its_readers(tmp_path: Path) -> None:
    keep_database_certificate(tmp_path, "timescaledb", NOW)
    modes = {str(one.relative_to(tmp_path)): one.stat().st_mode & 0o777 for one in tmp_path.rglob("*")}  # fmt: skip
    assert modes == {
        "authority": 0o700,
        "authority/ca.crt": 0o600,
        "authority/ca.key": 0o600,
        "database": 0o700,
        "database/tls.crt": 0o600,
        "database/tls.key": 0o600,
        "trust": 0o755,
        "trust/database.crt": 0o644,
    }


def test_strict_client_takes_what_was_drawn(tmp_path: Path) -> None:
    keep_database_certificate(tmp_path, "timescaledb", datetime.now(tz=UTC))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "database/tls.crt", tmp_path / "database/tls.key")
    client = ssl.create_default_context(cafile=tmp_path / "trust/database.crt")
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname="timescaledb")
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (asking, answering, asking):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert asking.version() == "TLSv1.3"


def test_what_is_good_stays_until_two_months_before_its_end(tmp_path: Path) -> None:
    keep_database_certificate(tmp_path, "timescaledb", NOW)
    before, end = content(tmp_path), drawn(tmp_path).not_valid_after_utc
    keep_database_certificate(tmp_path, "timescaledb", end - 61 * DAY)
    assert content(tmp_path) == before
    keep_database_certificate(tmp_path, "timescaledb", end - 59 * DAY)
    changed = {name for name, text in content(tmp_path).items() if text != before[name]}
    assert changed == {"database/tls.crt", "database/tls.key"}
    assert drawn(tmp_path).not_valid_after_utc > end


def test_certificate_follows_the_host(tmp_path: Path) -> None:
    keep_database_certificate(tmp_path, "timescaledb", NOW)
    keep_database_certificate(tmp_path, "10.0.0.5", NOW)
    names = drawn(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "10.0.0.5" in map(str, names.get_values_for_type(x509.IPAddress))


def test_certificate_never_outlives_its_authority(tmp_path: Path) -> None:
    keep_database_certificate(tmp_path, "timescaledb", NOW)
    authority = x509.load_pem_x509_certificate((tmp_path / "authority/ca.crt").read_bytes())
    keep_database_certificate(tmp_path, "timescaledb", authority.not_valid_after_utc - 90 * DAY)
    assert drawn(tmp_path).not_valid_after_utc == authority.not_valid_after_utc


@pytest.mark.parametrize("before", [False, True])
def test_citys_own_certificate_stays(tmp_path: Path, *, before: bool) -> None:
    if before:
        keep_database_certificate(tmp_path, "timescaledb", NOW)
    certificate, key = Authority("the city's").issue("timescaledb")
    (tmp_path / "database").mkdir(exist_ok=True)
    (tmp_path / "database/tls.crt").write_bytes(certificate)
    (tmp_path / "database/tls.key").write_bytes(key)
    given = content(tmp_path)
    keep_database_certificate(tmp_path, "timescaledb", datetime.now(tz=UTC))
    assert content(tmp_path) == given


def test_new_authority_is_trusted_beside_the_one_before(tmp_path: Path) -> None:
    keep_database_certificate(tmp_path, "timescaledb", NOW)
    first = (tmp_path / "trust/database.crt").read_text()
    for name in ("authority/ca.crt", "authority/ca.key", "database/tls.crt", "database/tls.key"):
        (tmp_path / name).unlink()
    keep_database_certificate(tmp_path, "timescaledb", NOW)
    both = (tmp_path / "trust/database.crt").read_text()
    assert both == first + (tmp_path / "authority/ca.crt").read_text()
    assert both.count("BEGIN CERTIFICATE") == 2


def test_file_that_is_none_is_named(tmp_path: Path) -> None:
    keep_database_certificate(tmp_path, "timescaledb", NOW)
    (tmp_path / "database/tls.crt").write_text("half a")
    with pytest.raises(ValueError, match=r"database/tls.crt holds no certificate"):
        keep_database_certificate(tmp_path, "timescaledb", NOW)

# SPDX-License-Identifier: EUPL-1.2
"""Certificates and authorities are replaced while everything runs: at the broker, at the database, in a service."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest
from pydantic import SecretStr

from runtime.integration.relay import Relay, relayed
from runtime.integration.secured import SecuredMosquitto, secured
from runtime.integration.sessions import payloads, running, take, until
from stadttakt_local.layout import inside
from stadttakt_local.postgres import Postgres
from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions, Outgoing
from stadttakt_runtime.settings import ServiceSettings
from support.authority import Authority
from support.stack import fresh_stack

OLD, NEW = Authority("the old one"), Authority("the new one")
# paho leaves the socket of a failed handshake to the garbage collector, which says so.
left_open = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)


def issued(authority: Authority, name: str) -> dict[str, bytes]:
    certificate, key = authority.issue(name)
    return {"ca.pem": authority.certificate, "cert.pem": certificate, "key.pem": key}


def trusting(authority: Authority) -> dict[str, bytes]:
    return {"ca.pem": authority.certificate}


class EncryptedPostgres(Postgres):
    """The local server with TLS alone for who comes over the network."""

    def command(self) -> list[str]:
        folder = inside(self.root, self.data_dir / "tls")
        settings = {
            "ssl": "on",
            "ssl_cert_file": f"{folder}/cert.pem",
            "ssl_key_file": f"{folder}/key.pem",
        }
        return [*super().command(), *(p for n, v in settings.items() for p in ("-c", f"{n}={v}"))]

    def show(self, authority: Authority) -> None:
        """Lay certificate and key of an authority where the server reads them."""
        folder = self.data_dir / "tls"
        folder.mkdir(exist_ok=True)
        for name, content in issued(authority, "database").items():
            path = folder / name
            path.write_bytes(content)
            path.chmod(0o600)
            self.own(path)
        self.own(folder)


@pytest.fixture
def broker() -> Iterator[SecuredMosquitto]:
    lines = (
        "cafile {folder}/ca.pem",
        "certfile {folder}/cert.pem",
        "keyfile {folder}/key.pem",
        "require_certificate true",
    )
    with (
        fresh_stack() as stack,
        secured(stack.mosquitto, *lines, files=issued(OLD, "broker")) as running_broker,
    ):
        yield running_broker


@pytest.fixture
def database() -> Iterator[EncryptedPostgres]:
    with fresh_stack() as stack:
        given = stack.postgres
        server = EncryptedPostgres(given.root, given.data_dir, given.port)
        server.show(OLD)
        with server:
            yield server


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def options_at(relay: Relay, folder: Path) -> MqttOptions:
    settings = ServiceSettings(
        mqtt_url=SecretStr(f"mqtts://127.0.0.1:{relay.port}"),
        mqtt_ca_file=folder / "ca.pem",
        mqtt_cert_file=folder / "cert.pem",
        mqtt_key_file=folder / "key.pem",
    )
    return MqttOptions.from_settings(settings, client_id="rotating", subscriptions=("x",))


async def echo(session: MqttConnection, payload: bytes) -> None:
    """Publish and wait until it is back; what was not acknowledged before comes again first."""
    await session.publish_all([Outgoing("x", payload)])
    while payloads(received := await take(session, 1)) != [payload]:
        session.acknowledge(received)
    session.acknowledge(received)


@left_open
async def test_session_goes_on_and_comes_back_with_what_was_replaced(
    broker: SecuredMosquitto, tmp_path: Path
) -> None:
    put(tmp_path, issued(OLD, "service"))
    async with relayed(broker.port) as relay, running(options_at(relay, tmp_path)) as session:
        await echo(session, b"1")
        # Whom it lets in a broker reads at its start; what it shows, at a signal.
        broker.replace(issued(NEW, "broker") | trusting(OLD))
        await echo(session, b"2")
        assert session.epoch == 1
        relay.cut()
        # The service still trusts the old authority alone.
        await until(lambda: "not trusted" in str(session.last_error))
        put(tmp_path, issued(OLD, "service again") | trusting(NEW))
        await until(lambda: session.epoch == 2)
        await echo(session, b"3")


@left_open
async def test_file_that_is_half_written_is_tried_again(
    broker: SecuredMosquitto, tmp_path: Path
) -> None:
    files = issued(OLD, "service")
    put(tmp_path, files)
    async with relayed(broker.port) as relay, running(options_at(relay, tmp_path)) as session:
        put(tmp_path, {"cert.pem": files["cert.pem"][:100]})
        relay.cut()
        await until(lambda: "TLS failed" in str(session.last_error))
        put(tmp_path, files)
        await until(lambda: session.epoch == 2)
        await echo(session, b"1")


async def test_pool_connects_anew_with_what_was_replaced(
    database: EncryptedPostgres, tmp_path: Path
) -> None:
    root = tmp_path / "ca.pem"
    root.write_bytes(OLD.certificate)
    url = f"{database.url}?sslmode=verify-full&sslrootcert={root}"
    async with Database.open(url, schema="stadttakt", size=1) as pool:
        before = await session_of(pool)
        database.show(NEW)
        admin(database, "select pg_reload_conf()")
        root.write_bytes(NEW.certificate)
        assert await session_of(pool) == before
        admin(database, f"select pg_terminate_backend({before[0]})")
        after = await session_of(pool)
    assert before[1]
    assert after[1]
    assert before[0] != after[0]


async def test_database_is_checked_where_the_variables_of_postgres_ask_for_it(
    database: EncryptedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "ca.crt"
    root.write_bytes(OLD.certificate)
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(root))
    async with Database.open(database.url, schema="stadttakt", size=1) as pool:
        assert (await session_of(pool))[1]
    admin(database, "select 1")
    root.write_bytes(NEW.certificate)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        admin(database, "select 1")
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncpg.connect(database.url)


async def session_of(pool: Database) -> tuple[int, bool]:
    """Return the server's process for this pool's one connection, and whether it is encrypted."""
    query = "select pid, ssl from pg_stat_ssl where pid = pg_backend_pid()"
    row = await pool.persist(lambda connection: connection.fetchrow(query))
    return row["pid"], row["ssl"]


def admin(server: Postgres, query: str) -> None:
    with psycopg.connect(server.admin_url) as connection:
        connection.execute(query)

# SPDX-License-Identifier: EUPL-1.2
"""The database as compose starts it: TLS alone over the network, checked by who comes, and renewed while it runs."""

import asyncio
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import asyncpg
import psycopg
import pytest
from cryptography import x509
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs
from typer.testing import CliRunner

from architecture.test_compose import FOLDER, PROJECT, read
from runtime.integration.relay import relayed
from runtime.integration.sessions import until
from stadttakt_local.layout import inside
from stadttakt_local.postgres import Postgres
from stadttakt_runtime import plugins
from stadttakt_runtime.cli import build
from stadttakt_runtime.database import Database
from stadttakt_runtime.migrations.logins import ensure_logins
from stadttakt_runtime.migrations.upgrade import migrate, select_targets
from support.authority import Authority
from support.stack import fresh_stack

ELSEWHERE = "127.0.0.2"
"""Another address than the one from which the container itself comes."""
COMPOSE = read()["services"]


class ShippedPostgres(Postgres):
    """The local server with the options of deploy/compose.yaml, and this machine's folders in place of a container's."""

    setup: Path
    variables: Mapping[str, str] = MappingProxyType({})

    def prepare(self) -> None:
        """Lay certificate, key, rules and script where the server sees them, owned by whom the page says."""
        super().prepare()
        for name in ("pg_hba.conf", "wal.sh"):
            shutil.copyfile(FOLDER / "timescaledb" / name, self.data_dir / name)
        self.renew()

    def renew(self) -> None:
        """Lay there what `stadttakt setup` wrote, and tell the server nothing."""
        folder = self.data_dir / "tls"
        folder.mkdir(exist_ok=True)
        for file in (self.setup / "database").iterdir():
            shutil.copy(file, folder / file.name)
            self.own(folder / file.name)
        self.own(folder)

    def command(self) -> list[str]:
        """Return the local command with compose's options behind it."""
        program, *options = read(**self.variables)["services"]["timescaledb"]["command"]
        assert program == "postgres"
        for said, place in self.places().items():
            options = [option.replace(said, place) for option in options]
        return [*super().command(), *options]

    def places(self) -> dict[str, str]:
        """Return where the folders of the container are for the server."""
        here = inside(self.root, self.data_dir)
        return {
            "/tls/": f"{here}/tls/",
            "/etc/timescaledb/": f"{here}/",
            "/archive/": f"{here}/archive/",
        }

    def reload(self) -> None:
        """Have certificate and key read anew by what the page says to type."""
        page = (PROJECT / "docs/how-to/certificates.md").read_text()
        (query,) = re.findall(r'exec timescaledb psql .*--command "(.*)"$', page, re.MULTILINE)
        with psycopg.connect(self.admin_url) as connection:
            connection.execute(query)

    def shown(self) -> x509.Certificate:
        """Return the certificate as who watches over it sees it: TLS at once, nothing said (blackbox exporter)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain,
            context.wrap_socket(plain) as session,
        ):
            der = session.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)


def set_up(folder: Path) -> None:
    arguments = ["setup", str(PROJECT / "deploy/cities/halle"), "--into", str(folder)]
    database = ["--database", "postgresql://stadttakt@127.0.0.1:5432/stadttakt"]
    outcome = CliRunner().invoke(build(), [*arguments, *database])
    assert outcome.exit_code == 0, outcome.output


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedPostgres]:
    with fresh_stack(durable=False) as stack:
        given = stack.postgres
        shipped = ShippedPostgres(given.root, given.data_dir, given.port)
        shipped.setup = tmp_path_factory.mktemp("setup")
        set_up(shipped.setup)
        with shipped:
            yield shipped


@pytest.fixture
async def url(server: ShippedPostgres, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The owner's address over the network, as a container has it: with the variables of compose."""
    environment = COMPOSE["prepare"]["environment"]
    for name in ("PGSSLMODE", "PGSSLROOTCERT"):
        value = environment[name].replace("/trust/", f"{server.setup}/trust/")
        monkeypatch.setenv(name, value)
    async with relayed(server.port, source=ELSEWHERE) as relay:
        yield make_url(server.url).set(port=relay.port).render_as_string(hide_password=False)


async def session_of(pool: Database) -> tuple[int, bool, str]:
    """Return the server's process for a connection of this pool, whether it is encrypted, and where it comes from."""
    query = (
        "select pid, ssl, host(inet_client_addr()) from pg_stat_ssl where pid = pg_backend_pid()"
    )
    pid, encrypted, address = await pool.persist(lambda connection: connection.fetchrow(query))
    return pid, encrypted, address


async def test_migrations_and_service_come_over_the_network_with_tls(
    url: str, server: ShippedPostgres
) -> None:
    def prepare() -> None:
        migrate(url, select_targets(plugins.load(plugins.MIGRATIONS), ["kpi"]))
        ensure_logins(url, {"kpi": "of-kpi"})

    await asyncio.to_thread(prepare)
    own = make_url(url).set(username="kpi_login", password="of-kpi")
    service = own.render_as_string(hide_password=False)
    query = """select ssl, host(client_addr) from pg_stat_ssl join pg_stat_activity using (pid)
                where usename = 'kpi_login'"""
    async with Database.open(service, schema="kpi", size=1):
        with psycopg.connect(server.admin_url) as connection:
            assert connection.execute(query).fetchall() == [(True, ELSEWHERE)]


async def test_who_speaks_no_tls_is_not_let_in_over_the_network(url: str) -> None:
    plain = f"{url}?sslmode=disable"
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba.conf entry.*no encryption"):
        await asyncio.to_thread(psycopg.connect, plain)
    refused = asyncpg.InvalidAuthorizationSpecificationError
    with pytest.raises(refused, match=r"no pg_hba.conf entry.*no encryption"):
        async with Database.open(plain, schema="stadttakt"):
            pass


async def test_service_says_whose_word_it_does_not_take_and_goes_on_when_it_is_put_right(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ShippedPostgres
) -> None:
    trusted = tmp_path / "database.crt"
    trusted.write_bytes(Authority("another").certificate)
    monkeypatch.setenv("PGSSLROOTCERT", str(trusted))
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        await asyncio.to_thread(psycopg.connect, url)
    with capture_logs() as logs:
        opening = Database.open(url, schema="stadttakt", size=1)
        async with asyncio.TaskGroup() as tasks:
            opened = tasks.create_task(opening.__aenter__())
            await until(lambda: logs)
            assert not opened.done()
            trusted.write_bytes((server.setup / "trust/database.crt").read_bytes())
    assert "certificate verify failed" in logs[0]["error"]
    assert (await session_of(opened.result()))[1]
    await opening.__aexit__(None, None, None)


async def test_renewed_certificate_is_shown_to_who_comes_while_others_go_on(
    url: str, server: ShippedPostgres
) -> None:
    before = server.shown()
    async with Database.open(url, schema="stadttakt", size=1) as pool:
        session = await session_of(pool)
        (server.setup / "database/tls.crt").unlink()
        set_up(server.setup)
        server.renew()
        server.reload()
        await until(lambda: server.shown() != before)
        assert await session_of(pool) == session
    assert server.shown().issuer == before.issuer
    async with Database.open(url, schema="stadttakt", size=1) as pool:
        assert (await session_of(pool))[1]


async def test_authority_is_replaced_while_everything_runs(
    url: str, server: ShippedPostgres
) -> None:
    before = server.shown()
    async with Database.open(url, schema="stadttakt", size=1) as pool:
        session = await session_of(pool)
        for file in (*server.setup.glob("authority/*"), *server.setup.glob("database/*")):
            file.unlink()
        set_up(server.setup)
        # who comes meanwhile takes the word of both
        (await asyncio.to_thread(psycopg.connect, url)).close()
        server.renew()
        server.reload()
        await until(lambda: server.shown() != before)
        (await asyncio.to_thread(psycopg.connect, url)).close()
        assert await session_of(pool) == session
    assert server.shown().issuer != before.issuer

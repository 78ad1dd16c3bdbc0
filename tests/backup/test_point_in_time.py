# SPDX-License-Identifier: EUPL-1.2
"""The return to a moment, rehearsed with what is shipped: pgBackRest's configuration, the server's, and the script."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest

from stadttakt_local.layout import inside
from stadttakt_local.postgres import Postgres
from support.stack import fresh_stack
from uplink_decoder.storage import archiving

SHIPPED = Path(__file__).parents[2] / "deploy/backup"
ROWS = "select count(*) from measured"


class ArchivingPostgres(Postgres):
    """The local server with the shipped archive settings; the folders are this test's."""

    def command(self) -> list[str]:
        settings = [part for line in archive_settings() for part in ("-c", line)]
        return ["env", *self.variables(), *super().command(), *settings]

    @property
    def shelf(self) -> Path:
        """Where repository, scripts and logs of this test are."""
        return self.data_dir / "archive"

    def variables(self) -> list[str]:
        """Return what differs from the shipped configuration, as variables of pgBackRest."""
        shelf, data = inside(self.root, self.shelf), inside(self.root, self.workdir)
        given = {
            "PGPASSFILE": f"{shelf}/pgpass",
            "PGBACKREST_CONFIG": f"{shelf}/pgbackrest.conf",
            "PGBACKREST_REPO1_PATH": f"{shelf}/repository",
            "PGBACKREST_REPO1_CIPHER_PASS": "a passphrase for this test",
            "PGBACKREST_LOG_PATH": f"{shelf}/log",
            "PGBACKREST_LOCK_PATH": f"{shelf}/lock",
            "PGBACKREST_PG1_PATH": data,
            "PGBACKREST_PG1_PORT": str(self.port),
            "PGBACKREST_PG1_SOCKET_PATH": data,
        }
        return [f"{name}={value}" for name, value in given.items()]

    def lay_out(self) -> None:
        """Put the shipped files where server and script find them."""
        for folder in ("repository", "log", "lock"):
            (self.shelf / folder).mkdir(parents=True)
        for name in ("pgbackrest.conf", "archive.sh", "moment.sh", "taken.sh"):
            shutil.copy(SHIPPED / name, self.shelf / name)
        passwords = self.shelf / "pgpass"
        passwords.write_text(f"*:*:*:postgres:{self._password('postgres')}\n")
        passwords.chmod(0o600)
        for path in (self.shelf, *self.shelf.iterdir()):
            self.own(path)

    def archive(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script as the server's user."""
        script = f"{inside(self.root, self.shelf)}/archive.sh"
        user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
        return subprocess.run(
            ["chroot", str(self.root), *user, "env", *self.variables(), script, *arguments],
            env={"PATH": "/usr/bin:/bin:/usr/sbin", "TZ": "Asia/Tokyo"},
            capture_output=True,
            text=True,
            check=False,
        )


def archive_settings() -> list[str]:
    """Return `name=value` of each line of the shipped settings."""
    lines = (SHIPPED / "postgresql-archive.conf").read_text().splitlines()
    pairs = [line.split(" = ", 1) for line in lines if not line.startswith("#")]
    return [f"{name}={value.strip(chr(39))}" for name, value in pairs]


@dataclass(frozen=True)
class Archived:
    """A server whose table has lost its rows, and when it still had them."""

    server: ArchivingPostgres
    before_the_loss: datetime


@pytest.fixture(scope="module")
def archived() -> Iterator[Archived]:
    with fresh_stack() as stack:
        given = stack.postgres
        if not (given.root / "usr/bin/pgbackrest").exists():
            pytest.skip("This root was made before pgBackRest belonged to it: `make clean`.")
        server = ArchivingPostgres(given.root, given.data_dir, given.port)
        server.lay_out()
        with server:
            begun = server.archive("begin")
            assert begun.returncode == 0, begun.stdout + begun.stderr
            write(server, "create table measured (at timestamptz not null, value int)")
            write(server, "select create_hypertable('measured', 'at')")
            insert(server, "2026-11-01")
            backed_up = server.archive("backup")
            assert backed_up.returncode == 0, backed_up.stdout + backed_up.stderr
            assert "full backup" in backed_up.stdout
            # A backup's end is told in whole seconds, and only one that ended before the moment will do.
            write(server, "select pg_sleep(1)")
            insert(server, "2026-11-20")
            with psycopg.connect(server.admin_url) as connection:
                (moment,) = connection.execute("select clock_timestamp()").fetchone() or ()
            write(server, "delete from measured")
            # The piece of the log that holds the loss is archived too: nothing but the moment spares it.
            write(server, "select pg_switch_wal()")
            yield Archived(server, moment)


def write(server: Postgres, statement: str) -> None:
    with psycopg.connect(server.admin_url) as connection:
        connection.execute(statement)


def insert(server: Postgres, day: str) -> None:
    write(server, f"insert into measured select '{day}Z', n from generate_series(1, 1000) n")


def count(server: Postgres) -> int:
    with psycopg.connect(server.admin_url) as connection:
        (rows,) = connection.execute(ROWS).fetchone() or (0,)
        return int(rows)


def until_writable(server: Postgres) -> None:
    """Wait until the log was gone through; before that the server answers what only reads."""
    while True:
        with psycopg.connect(server.admin_url) as connection:
            if connection.execute("select pg_is_in_recovery()").fetchone() == (False,):
                return
        time.sleep(0.1)


async def until_archiving(connection: Any, *, fails: bool) -> None:
    while await archiving.is_failing(connection) is not fails:  # noqa: ASYNC110 (the server tells nobody)
        await asyncio.sleep(0.1)


def test_moment_without_zone_is_refused(archived: Archived) -> None:
    refused = archived.server.archive("back-to", "2026-11-26 08:00:00")
    assert refused.returncode == 1
    assert "zone" in refused.stderr


def test_running_server_is_left_alone(archived: Archived) -> None:
    refused = archived.server.archive("back-to", archived.before_the_loss.isoformat())
    assert refused.returncode != 0
    assert count(archived.server) == 0


def test_base_backup_is_encrypted(archived: Archived) -> None:
    backups = archived.server.shelf / "repository/backup/stadttakt"
    found = [path for path in backups.glob("*F/pg_data/**/*") if path.is_file()]
    assert len(found) > 10
    # what OpenSSL writes before everything that it encrypts with a passphrase
    assert all(path.read_bytes().startswith(b"Salted__") for path in found)


async def test_archiving_that_fails_is_known_until_it_gets_through(archived: Archived) -> None:
    server = archived.server
    repository, aside = server.shelf / "repository", server.shelf / "aside"
    connection = await asyncpg.connect(server.admin_url)
    assert not await archiving.is_failing(connection)
    repository.rename(aside)
    try:
        insert(server, "2026-11-26")
        await connection.execute("select pg_switch_wal()")
        await until_archiving(connection, fails=True)
    finally:
        aside.rename(repository)
    await until_archiving(connection, fails=False)
    await connection.close()


def test_what_was_lost_after_a_moment_is_there_again(archived: Archived) -> None:
    server = archived.server
    server.stop()
    back = server.archive("back-to", archived.before_the_loss.isoformat())
    assert back.returncode == 0, back.stdout + back.stderr
    server.start()
    server.wait_ready()
    until_writable(server)
    assert count(server) == 2000
    with psycopg.connect(server.admin_url) as connection:
        chunks = (
            "select count(*) from timescaledb_information.chunks where hypertable_name = 'measured'"
        )
        assert connection.execute(chunks).fetchone() == (2,)
    # It is a server like any other: what is written now is archived on a line of its own.
    insert(server, str((archived.before_the_loss + timedelta(days=1)).date()))
    assert count(server) == 3000

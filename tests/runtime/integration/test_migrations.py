# SPDX-License-Identifier: EUPL-1.2
import threading
from datetime import timedelta
from pathlib import Path

import asyncpg
import psycopg
import pytest
from sqlalchemy import Column, DateTime, Integer, MetaData, Table
from sqlalchemy.exc import ProgrammingError

from stadttakt_runtime.database import Database
from stadttakt_runtime.migrations.check import SchemaTooOldError, require_schema
from stadttakt_runtime.migrations.connection import MigrationError, exclusive
from stadttakt_runtime.migrations.platform import PLATFORM
from stadttakt_runtime.migrations.target import MigrationTarget
from stadttakt_runtime.migrations.upgrade import drift, migrate, select_targets, states
from support.stack import Stack

REVISION = """
import sqlalchemy as sa
from datetime import timedelta
from alembic import op
from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "{revision}"
down_revision = {down!r}


def upgrade() -> None:
    {body}
"""
FIRST = """
    op.create_table(
        "count",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered", sa.Integer, nullable=False),
        schema="testing",
    )
    create_hypertable("count", "at", chunk=timedelta(days=7))
"""


def write(folder: Path, revision: str, down: str | None, body: str) -> None:
    text = REVISION.format(revision=revision, down=down, body=body.strip())
    (folder / f"{revision}.py").write_text(text)


@pytest.fixture
def target(tmp_path: Path) -> MigrationTarget:
    versions = tmp_path / "with 100% blanks"
    versions.mkdir()
    write(versions, "0001", None, FIRST)
    metadata = MetaData(schema="testing")
    Table(
        "count",
        metadata,
        Column("at", DateTime(timezone=True), nullable=False),
        Column("entered", Integer, nullable=False),
    )
    return MigrationTarget("testing", metadata, versions)


def later(target: MigrationTarget, revision: str, down: str, body: str) -> MigrationTarget:
    write(target.versions, revision, down, body)
    return MigrationTarget(target.schema, target.metadata, target.versions)


def test_empty_database_gets_extension_role_schema_and_tables(
    empty_database_url: str, target: MigrationTarget
) -> None:
    done = migrate(empty_database_url, [PLATFORM, target])
    assert [(one.schema, one.before, one.current) for one in done] == [
        ("platform", None, PLATFORM.head),
        ("testing", None, "0001"),
    ]
    with psycopg.connect(empty_database_url) as connection:
        owner = "select tableowner from pg_tables where schemaname = 'testing' order by tablename"
        assert connection.execute(owner).fetchall() == [("testing",), ("testing",)]
        chunk = (
            "select time_interval from timescaledb_information.dimensions"
            " where hypertable_schema = 'testing'"
        )
        assert connection.execute(chunk).fetchall() == [(timedelta(days=7),)]
        login = "select rolcanlogin from pg_roles where rolname = 'testing'"
        assert connection.execute(login).fetchall() == [(False,)]


def test_second_run_changes_nothing(empty_database_url: str, target: MigrationTarget) -> None:
    migrate(empty_database_url, [PLATFORM, target])
    again = migrate(empty_database_url, [PLATFORM, target])
    heads = [(each.head, each.head) for each in (PLATFORM, target)]
    assert [(one.before, one.current) for one in again] == heads


def test_schema_of_a_newer_version_is_left_as_it_is_and_wants_nothing(
    empty_database_url: str, target: MigrationTarget
) -> None:
    migrate(empty_database_url, [PLATFORM, target])
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("set role testing")
        connection.execute("update testing.alembic_version set version_num = '0099'")
    for found in (migrate(empty_database_url, [target]), states(empty_database_url, [target])):
        (state,) = found
        assert (state.current, state.is_newer, state.is_current) == ("0099", True, True)


def test_runs_at_the_same_time_follow_one_another(
    empty_database_url: str, target: MigrationTarget
) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            migrate(empty_database_url, [PLATFORM, target])
        except BaseException as error:  # noqa: BLE001 (told to the test)
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert states(empty_database_url, [target])[0].is_current


def test_lock_ends_with_its_connection(empty_database_url: str) -> None:
    with exclusive(empty_database_url):
        pass
    with exclusive(empty_database_url) as connection:
        assert not connection.closed


def test_failing_revision_leaves_the_one_before(
    empty_database_url: str, target: MigrationTarget
) -> None:
    migrate(empty_database_url, [PLATFORM, target])
    broken = later(target, "0002", "0001", 'op.execute("create table half (id int)")\n    1 / 0')
    with pytest.raises(ZeroDivisionError):
        migrate(empty_database_url, [PLATFORM, broken])
    (state,) = states(empty_database_url, [broken])
    assert (state.current, state.head, state.is_current) == ("0001", "0002", False)
    with psycopg.connect(empty_database_url) as connection:
        found = connection.execute("select to_regclass('testing.half')").fetchone()
    assert found == (None,)


def test_table_without_a_revision_is_drift(
    empty_database_url: str, target: MigrationTarget
) -> None:
    migrate(empty_database_url, [PLATFORM, target])
    assert drift(empty_database_url, target) is None
    Table("forgotten", target.metadata, Column("id", Integer, primary_key=True))
    assert "forgotten" in (drift(empty_database_url, target) or "")


def test_platform_has_no_drift(empty_database_url: str) -> None:
    migrate(empty_database_url, [PLATFORM])
    assert drift(empty_database_url, PLATFORM) is None


async def test_service_accepts_its_head_and_what_a_newer_version_made(
    empty_database_url: str, target: MigrationTarget
) -> None:
    migrate(empty_database_url, [PLATFORM, target])
    async with (
        Database.open(empty_database_url, schema="testing") as database,
        database.connection() as connection,
    ):
        await require_schema(connection, target)
        await connection.execute("update alembic_version set version_num = '0099'")
        await require_schema(connection, target)


async def test_service_refuses_an_old_schema_and_names_the_command(
    empty_database_url: str, target: MigrationTarget
) -> None:
    migrate(empty_database_url, [PLATFORM, target])
    newer = later(target, "0002", "0001", "pass")
    async with (
        Database.open(empty_database_url, schema="testing") as database,
        database.connection() as connection,
    ):
        with pytest.raises(SchemaTooOldError) as caught:
            await require_schema(connection, newer)
        await connection.execute("delete from alembic_version")
        with pytest.raises(SchemaTooOldError, match="no tables yet"):
            await require_schema(connection, newer)
    assert str(caught.value) == (
        "schema testing: at 0001; this version needs revision 0002, run: stadttakt migrate testing"
    )


async def test_service_may_use_the_keys_but_not_change_them(
    empty_database_url: str, target: MigrationTarget
) -> None:
    migrate(empty_database_url, [PLATFORM, target])
    async with (
        Database.open(empty_database_url, schema="testing") as database,
        database.connection() as connection,
    ):
        assert await connection.fetch("select key_id from platform.api_key") == []
        await connection.execute("update platform.api_key set last_used_at = now()")
        for forbidden in (
            "update platform.api_key set scopes = '{admin}'",
            "delete from platform.api_key",
            "create table platform.more (id int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)


def test_user_without_rights_is_told_what_it_needs(
    stack: Stack, empty_database_url: str, target: MigrationTarget
) -> None:
    migrate(empty_database_url, [PLATFORM])
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute("drop role if exists stranger")
        connection.execute("create role stranger login password 'stranger'")
    host = empty_database_url.split("@")[1]
    with pytest.raises(MigrationError, match="needs CREATEROLE and must own the database"):
        migrate(f"postgresql://stranger:stranger@{host}", [PLATFORM])


def test_server_that_does_not_answer_is_one_clear_line() -> None:
    with pytest.raises(MigrationError, match="the database does not answer: ") as caught:
        migrate("postgresql://nobody@127.0.0.1:1/none", [PLATFORM])
    assert "\n" not in str(caught.value)


def test_revision_error_says_which_statement(
    empty_database_url: str, target: MigrationTarget
) -> None:
    wrong = later(target, "0002", "0001", 'op.execute("create tabel x (id int)")')
    with pytest.raises(ProgrammingError, match="syntax error"):
        migrate(empty_database_url, [PLATFORM, wrong])


def test_platform_comes_first_and_unknown_services_are_refused(target: MigrationTarget) -> None:
    installed = {"testing": target}
    assert select_targets(installed, []) == [PLATFORM, target]
    assert select_targets(installed, ["testing", "platform"]) == [PLATFORM, target]
    with pytest.raises(MigrationError, match="called parkng; there are platform, testing"):
        select_targets(installed, ["parkng"])

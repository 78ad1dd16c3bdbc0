# SPDX-License-Identifier: EUPL-1.2
"""Backup and restore, rehearsed: what comes back is what was there, and the services' schemas are whole."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from stadttakt_runtime import plugins
from stadttakt_runtime.migrations.logins import ensure_logins
from stadttakt_runtime.migrations.upgrade import migrate, select_targets
from support.stack import Stack, running_stack

SCRIPTS = Path(__file__).parents[2] / "deploy/backup"
CHUNKED = """
select format('%I.%I', hypertable_schema, hypertable_name) from timescaledb_information.hypertables order by 1
"""
TABLES = """
select format('%%I.%%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname = any(%s) order by 1
"""
SCHEMAS = ["platform", "uplink", "parking", "transit", "kpi", "opendata", "registry"]


def admin_url(stack: Stack, database: str) -> str:
    url = make_url(stack.postgres.admin_url).set(database=database)
    return url.render_as_string(hide_password=False)


def run(
    script: str, folder: Path, stack: Stack, database: str, within: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "STADTTAKT_ADMIN_URL": admin_url(stack, database),
        "STADTTAKT_PG": str(within or f"chroot {stack.postgres.root}"),
    }
    command = [str(SCRIPTS / script), str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def empty_database(stack: Stack) -> Iterator[str]:
    owner = conninfo_to_dict(stack.postgres.url)["user"]
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute(f"create database restored owner {owner}")  # type: ignore[arg-type]
        yield "restored"
        connection.execute("drop database restored with (force)")


def content(url: str) -> dict[str, int]:
    """Return the number of rows of each table, and that each hypertable is one."""
    with psycopg.connect(url) as connection:
        names = [row[0] for row in connection.execute(TABLES, [SCHEMAS])]
        counts = {}
        for name in names:
            row = connection.execute(f"select count(*) from {name}").fetchone()  # type: ignore[arg-type]
            counts[name] = row[0] if row else 0
        counts |= {f"hypertable {row[0]}": 1 for row in connection.execute(CHUNKED)}
        return counts


def fill(url: str) -> None:
    """Put rows into a hypertable, in two chunks, and into a plain table."""
    with psycopg.connect(url) as connection:
        columns = connection.execute(
            "select column_name, data_type from information_schema.columns where table_schema = 'transit'"
            " and table_name = 'position' and is_nullable = 'NO' and column_default is null"
        ).fetchall()
        made_up = {
            "text": "x",
            "double precision": 1.0,
            "boolean": False,
            "integer": 1,
            "bigint": 1,
        }
        for number, day in enumerate(("2026-11-01", "2026-11-20")):
            values = [
                f"{day}T10:00:00Z" if kind.startswith("timestamp") else made_up.get(kind, number)
                for _, kind in columns
            ]
            connection.execute(
                sql.SQL("insert into transit.position ({}) values ({})").format(
                    sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
                    sql.SQL(", ").join(sql.Placeholder() * len(values)),
                ),
                values,
            )


def test_what_comes_back_is_what_was_there(
    stack: Stack, database_url: str, empty_database: str, tmp_path: Path
) -> None:
    database = make_url(database_url).database
    assert database is not None
    fill(admin_url(stack, database))
    before = content(admin_url(stack, database))
    assert before['transit."position"'] == 2
    assert sum(name.startswith("hypertable") for name in before) > 5
    taken = run("backup.sh", tmp_path / "copy", stack, database)
    assert taken.returncode == 0, taken.stderr
    back = run("restore.sh", tmp_path / "copy", stack, empty_database)
    assert back.returncode == 0, back.stdout + back.stderr
    assert content(admin_url(stack, empty_database)) == before
    revisions = "select version_num from {}.alembic_version"
    with psycopg.connect(admin_url(stack, empty_database)) as connection:
        for target in select_targets(plugins.load(plugins.MIGRATIONS), []):
            query = sql.SQL(revisions).format(sql.Identifier(target.schema))
            assert connection.execute(query).fetchone()
    again = run("restore.sh", tmp_path / "copy", stack, empty_database)
    assert again.returncode == 1
    assert "not empty" in again.stderr


@pytest.fixture
def container(stack: Stack, tmp_path: Path) -> Path:
    """What runs a command as `docker compose exec -T` does: all its input is read, wanted or not."""
    script = tmp_path / "exec"
    script.write_text(
        f'#!/bin/sh\nset -e\ncat >{tmp_path}/input\nchroot {stack.postgres.root} "$@" <{tmp_path}/input\n'
    )
    script.chmod(0o700)
    return script


@pytest.fixture
def roles(stack: Stack) -> Iterator[list[str]]:
    names = ["rehearsed_a", "rehearsed_b", "rehearsed_c"]
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(name)))
        yield names
        for name in names:
            connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))


def test_new_server_gets_every_role_through_a_container_that_swallows_input(
    stack: Stack,
    database_url: str,
    empty_database: str,
    container: Path,
    roles: list[str],
    tmp_path: Path,
) -> None:
    database = make_url(database_url).database
    assert database is not None
    fill(admin_url(stack, database))
    before = content(admin_url(stack, database))
    taken = run("backup.sh", tmp_path / "copy", stack, database, container)
    assert taken.returncode == 0, taken.stderr
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        for name in roles:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
        back = run("restore.sh", tmp_path / "copy", stack, empty_database, container)
        assert back.returncode == 0, back.stdout + back.stderr
        query = "select rolname from pg_roles where rolname = any(%s) order by 1"
        assert [row[0] for row in connection.execute(query, [roles])] == roles
    assert content(admin_url(stack, empty_database)) == before


def test_on_another_server_its_owner_migrates_and_makes_logins(
    stack: Stack, database_url: str, tmp_path: Path
) -> None:
    database = make_url(database_url).database
    assert database is not None
    taken = run("backup.sh", tmp_path / "copy", stack, database)
    assert taken.returncode == 0, taken.stderr
    with running_stack(durable=False) as other:
        with psycopg.connect(other.postgres.admin_url, autocommit=True) as connection:
            connection.execute("create database restored owner stadttakt")
        back = run("restore.sh", tmp_path / "copy", other, "restored")
        assert back.returncode == 0, back.stdout + back.stderr
        restored = make_url(other.postgres.url).set(database="restored")
        owner = restored.render_as_string(hide_password=False)
        migrate(owner, select_targets(plugins.load(plugins.MIGRATIONS), []))
        ensure_logins(owner, {"parking": "a-password"})
        own = restored.set(username="parking_login", password="a-password")
        with psycopg.connect(own.render_as_string(hide_password=False)) as connection:
            assert connection.execute("select count(*) from parking.lot").fetchone() == (0,)


def test_damaged_backup_is_refused_before_anything_is_changed(
    stack: Stack, database_url: str, empty_database: str, tmp_path: Path
) -> None:
    database = make_url(database_url).database
    assert database is not None
    assert run("backup.sh", tmp_path / "copy", stack, database).returncode == 0
    with (tmp_path / "copy/database.dump").open("r+b") as dump:
        dump.seek(100)
        dump.write(b"damage")
    refused = run("restore.sh", tmp_path / "copy", stack, empty_database)
    assert refused.returncode != 0
    with psycopg.connect(admin_url(stack, empty_database)) as connection:
        query = "select count(*) from pg_namespace where nspname = any(%s)"
        assert connection.execute(query, [SCHEMAS]).fetchone() == (0,)

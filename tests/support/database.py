# SPDX-License-Identifier: EUPL-1.2
"""Databases for tests: without schemas, or a copy of a migrated one that is as new each time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from stadttakt_runtime import plugins
from stadttakt_runtime.migrations.upgrade import migrate, select_targets
from support.renewal import Original, look_at, renewed
from support.stack import Stack

_numbers = itertools.count(1)


@contextmanager
def empty_database(stack: Stack) -> Iterator[str]:
    """Yield the URL of a database of the login user, without schemas and without the extension."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute(f"create database {name} owner {_owner(stack)} template template0")
        yield _url(stack.postgres.url, name)
        connection.execute(f"drop database {name} with (force)")


def create_migrated(stack: Stack, name: str) -> None:
    """Create a database with every service's schema, to be copied."""
    owner = _owner(stack)
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        connection.execute(f"create database {name} owner {owner}")
    admin = make_url(stack.postgres.admin_url).set(database=name)
    with psycopg.connect(admin.render_as_string(hide_password=False)) as connection:
        connection.execute("create extension if not exists timescaledb")
    migrate(_url(stack.postgres.url, name), select_targets(plugins.load(plugins.MIGRATIONS), []))
    with psycopg.connect(stack.postgres.admin_url, autocommit=True) as connection:
        # TimescaleDB's scheduler visits every database, and a visited one cannot be copied.
        connection.execute(f"alter database {name} with allow_connections false")
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )


class Copies:
    """Databases like a template, lent to one test after another, each under a name that no other test had.

    Copying a thousand files costs more than most tests. Whoever gives a database back leaves it as new where its tables
    can be emptied to what the template holds; else it is dropped, and the next one is a copy again.
    """

    def __init__(self, stack: Stack, template: str) -> None:
        self._stack = stack
        self._template = template
        self._spare: list[str] = []
        self._original: Original | None = None

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Yield the URL of a database that holds what the template holds."""
        name = f"test_{next(_numbers)}"
        with psycopg.connect(self._stack.postgres.admin_url, autocommit=True) as connection:
            if self._spare:
                connection.execute(f"alter database {self._spare.pop()} rename to {name}")
            else:
                connection.execute(
                    f"create database {name} owner {_owner(self._stack)} template {self._template}"
                )
            if self._original is None:
                with self._inside(name) as fresh:
                    self._original = look_at(fresh)
            yield _url(self._stack.postgres.url, name)
            connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
                [name],
            )
            with self._inside(name) as used:
                as_new = renewed(used, self._original)
            if as_new:
                self._spare.append(name)
            else:
                connection.execute(f"drop database {name} with (force)")

    def _inside(self, name: str) -> psycopg.Connection:
        # Rows are compared as they are written out, which no setting of the database may change.
        return psycopg.connect(
            _url(self._stack.postgres.admin_url, name), options="-c timezone=UTC"
        )


def _owner(stack: Stack) -> str:
    return str(conninfo_to_dict(stack.postgres.url)["user"])


def _url(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)

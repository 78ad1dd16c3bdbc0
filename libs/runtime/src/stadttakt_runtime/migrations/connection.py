# SPDX-License-Identifier: EUPL-1.2
"""The migrations' own connections: psycopg, one at a time, under one lock per database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

LOCK = 0x57A_D77A_C7
"""Advisory lock: two runs of `stadttakt migrate` follow one another."""


class MigrationError(Exception):
    """The database cannot be brought to the wanted state; says what to do."""


def engine_for(url: str) -> Engine:
    """Return an engine for a `postgresql://` address; sessions last as long as a connection."""
    try:
        address = make_url(url).set(drivername="postgresql+psycopg")
    except ArgumentError as error:
        raise MigrationError("the database address is not a postgresql:// URL") from error
    return create_engine(address, poolclass=NullPool)


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """Open a connection; raises MigrationError where the server does not answer."""
    try:
        connection = engine_for(url).connect()
    except OperationalError as error:
        first_line = str(error.orig).splitlines()[0]
        raise MigrationError(f"the database does not answer: {first_line}") from error
    with connection:
        yield connection


@contextmanager
def exclusive(url: str) -> Iterator[Connection]:
    """Open a connection that is alone in migrating this database; waits for its turn."""
    with connect(url) as connection:
        # A session lock: it outlives the transactions of the revisions and ends with the connection.
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.commit()
        yield connection


@contextmanager
def acting_as(connection: Connection, role: str) -> Iterator[None]:
    """Run a block as a role, so that what it creates belongs to that role."""
    connection.execute(text(f'set role "{role}"'))
    connection.execute(text(f'set search_path to "{role}", public'))
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("reset role"))
        connection.execute(text("reset search_path"))
        connection.commit()

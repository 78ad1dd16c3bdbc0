# SPDX-License-Identifier: EUPL-1.2
"""What must stand before the first revision: TimescaleDB, one role and one schema per service.

Needs the owner of the database, and CREATEROLE where the roles do not exist yet; run as often as
you like.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from stadttakt_runtime.migrations.connection import MigrationError


def ensure_extension(connection: Connection) -> None:
    """Create the TimescaleDB extension where it is not there yet."""
    present = "select exists (select from pg_extension where extname = 'timescaledb')"
    if connection.scalar(text(present)):
        return
    try:
        connection.execute(text("create extension if not exists timescaledb schema public"))
        connection.commit()
    except DBAPIError as error:
        connection.rollback()
        database = connection.scalar(text("select current_database()"))
        reason = str(error.orig).splitlines()[0]
        raise MigrationError(
            f"database {database} has no TimescaleDB ({reason}); install it, add timescaledb to"
            f" shared_preload_libraries and run as a superuser: create extension timescaledb"
        ) from error


def ensure_own_extensions(connection: Connection, names: Iterable[str]) -> None:
    """Create extensions that come with PostgreSQL and are trusted: the database's owner may."""
    for name in names:
        try:
            connection.execute(text(f'create extension if not exists "{name}" schema public'))
            connection.commit()
        except DBAPIError as error:
            connection.rollback()
            reason = str(error.orig).splitlines()[0]
            raise MigrationError(f"extension {name} cannot be created ({reason})") from error


def ensure_schema(connection: Connection, schema: str) -> None:
    """Create a role that cannot log in, let the present user act as it, and give it its schema."""
    try:
        _ensure_role(connection, schema)
        _ensure_membership(connection, schema)
        connection.execute(text(f'create schema if not exists "{schema}" authorization "{schema}"'))
        connection.commit()
    except ProgrammingError as error:
        connection.rollback()
        user = connection.scalar(text("select current_user"))
        reason = str(error.orig).splitlines()[0]
        raise MigrationError(
            f"{user} cannot create role and schema {schema} ({reason}); it needs CREATEROLE and"
            " must own the database"
        ) from error


def _ensure_role(connection: Connection, role: str) -> None:
    exists = text("select exists (select from pg_roles where rolname = :role)")
    if connection.scalar(exists, {"role": role}):
        return
    # Roles are shared by all databases of a server, our lock is not.
    connection.execute(
        text(
            f'do $$ begin create role "{role}" nologin;'
            " exception when duplicate_object or unique_violation then null; end $$"
        )
    )


def _ensure_membership(connection: Connection, role: str) -> None:
    """Grant the role, except where `set role` works already.

    From PostgreSQL 16 on, whoever creates a role is its member without being able to act as it.
    """
    savepoint = connection.begin_nested()
    try:
        connection.execute(text(f'set local role "{role}"'))
    except ProgrammingError:
        savepoint.rollback()
        connection.execute(text(f'grant "{role}" to current_user'))
    else:
        savepoint.rollback()


def grant_platform(connection: Connection, schema: str) -> None:
    """Let a service read the API keys and note their use, keep its answers to repeat, end logins.

    Nothing else of `platform`; a row policy keeps the services' answers apart.
    """
    connection.execute(text(f'grant usage on schema platform to "{schema}"'))
    connection.execute(
        text(f'grant select, update (last_used_at) on platform.api_key to "{schema}"')
    )
    connection.execute(
        text(f'grant select, insert, update, delete on platform.idempotency to "{schema}"')
    )
    connection.execute(text(f'grant select, insert, delete on platform.ended_login to "{schema}"'))
    connection.commit()

# SPDX-License-Identifier: EUPL-1.2
"""Logins that read the views `v1_*`, which services grant to everybody, and nothing else."""

from __future__ import annotations

import re

from psycopg import Connection, sql
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import text

from stadttakt_runtime.migrations.connection import MigrationError, exclusive

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_EXISTING = """
select rolcanlogin and not rolsuper and not rolcreaterole
       and not exists (select from pg_auth_members where member = pg_roles.oid)
  from pg_roles where rolname = :r
"""
_LIMITS = (
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "30s"),
    ("idle_in_transaction_session_timeout", "60s"),
)


def ensure_reader(url: str, name: str, password: str) -> None:
    """Create a login without rights of its own, or renew its password; raises MigrationError.

    A role that is there and is no such login is refused: a service's role would get a password.
    """
    if not _NAME.fullmatch(name) or not password:
        raise MigrationError(f"a reader needs a name of a-z, 0-9 and _, and a password; not {name}")
    with exclusive(url) as connection:
        is_reader = connection.scalar(text(_EXISTING), {"r": name})
        if is_reader is False:
            raise MigrationError(f"{name} is a role that is no reader")
        _write(plain_connection(connection), name, password, is_new=is_reader is None)
        connection.commit()


def plain_connection(connection: SqlConnection) -> Connection:
    """Return psycopg's own connection, whose statements take names and literals."""
    plain = connection.connection.driver_connection
    if not isinstance(plain, Connection):
        message = "migrations run over psycopg"
        raise TypeError(message)
    return plain


def hashed_password(connection: Connection, login: str, password: str) -> str:
    """Return what a statement may say of a password: the server's log may keep statements."""
    return connection.pgconn.encrypt_password(
        password.encode(), login.encode(), b"scram-sha-256"
    ).decode()


def _write(connection: Connection, name: str, password: str, *, is_new: bool) -> None:
    role, verb = sql.Identifier(name), sql.SQL("create" if is_new else "alter")
    hashed = hashed_password(connection, name, password)
    statement = sql.SQL("{} role {} login connection limit 20 password {}")
    connection.execute(statement.format(verb, role, sql.Literal(hashed)))
    for setting, value in _LIMITS:
        limit = sql.SQL("alter role {} set {} to {}")
        connection.execute(limit.format(role, sql.Identifier(setting), sql.Literal(value)))

# SPDX-License-Identifier: EUPL-1.2
"""Services' logins at the database: each is a member of its own role and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import Connection, sql
from sqlalchemy import text

from stadttakt_runtime.migrations.connection import MigrationError, exclusive
from stadttakt_runtime.migrations.reader import hashed_password, plain_connection

CONNECTIONS = 50
"""At most, per login: one service that runs wild leaves the others their share of the server."""
_FOREIGN = """
select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls or not rolcanlogin
       or exists (select from pg_auth_members where member = pg_roles.oid and roleid <> to_regrole(:own)::oid)
  from pg_roles where rolname = :login
"""


def login_of(schema: str) -> str:
    """Return the name of the login of the service that owns a schema."""
    return f"{schema}_login"


def ensure_logins(url: str, passwords: Mapping[str, str]) -> None:
    """Give each schema's service its login, or the login its password; by the owner's address.

    Raises MigrationError where a schema was not migrated, a password is empty, or a role of the login's name may more.
    """
    with exclusive(url) as connection:
        for schema, password in passwords.items():
            if not password:
                raise MigrationError(f"the password of {login_of(schema)} is empty")
            if connection.scalar(text("select to_regrole(:own)"), {"own": schema}) is None:
                raise MigrationError(f"there is no role {schema} yet; run: stadttakt migrate")
            names = {"login": login_of(schema), "own": schema}
            may_more = connection.scalar(text(_FOREIGN), names)
            if may_more:
                raise MigrationError(f"{login_of(schema)} is a role that may more than a service")
            _write(plain_connection(connection), schema, password, is_new=may_more is None)
        connection.commit()


def _write(connection: Connection, schema: str, password: str, *, is_new: bool) -> None:
    login, verb = login_of(schema), sql.SQL("create" if is_new else "alter")
    statement = sql.SQL("{} role {} login connection limit {} password {}")
    hashed = sql.Literal(hashed_password(connection, login, password))
    connection.execute(
        statement.format(verb, sql.Identifier(login), sql.Literal(CONNECTIONS), hashed)
    )
    member = sql.SQL("grant {} to {}")
    connection.execute(member.format(sql.Identifier(schema), sql.Identifier(login)))

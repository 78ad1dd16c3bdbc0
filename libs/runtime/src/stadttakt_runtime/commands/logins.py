# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt logins`: each service's own login at the database, which may what its role may."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from stadttakt_runtime import plugins
from stadttakt_runtime.commands.output import DatabaseUrl, one_line, out
from stadttakt_runtime.migrations.connection import MigrationError
from stadttakt_runtime.migrations.logins import ensure_logins


def logins_command(
    database_url: DatabaseUrl,
    secrets: Annotated[
        Path,
        typer.Argument(
            exists=True, file_okay=False, help="holds database-password.<schema> for each service"
        ),
    ],
) -> None:
    """Create the services' logins, or give them the passwords that the files hold now."""
    schemas = list(plugins.load(plugins.MIGRATIONS))
    with one_line(MigrationError, DBAPIError, OSError):
        files = {schema: secrets / f"database-password.{schema}" for schema in schemas}
        passwords = {schema: file.read_text("utf-8").strip() for schema, file in files.items()}
        ensure_logins(database_url, passwords)
    out.print(f"{len(passwords)} services log in at the database", markup=False)

# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt reader`: a login at the database that reads what services publish, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from stadttakt_runtime.commands.output import DatabaseUrl, one_line, out
from stadttakt_runtime.migrations.connection import MigrationError
from stadttakt_runtime.migrations.reader import ensure_reader


def reader_command(
    database_url: DatabaseUrl,
    name: Annotated[str, typer.Argument(help="of the login, e.g. grafana")],
    password_file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="holds its password")
    ],
) -> None:
    """Create a login that may read the views v1_*, or give it a new password."""
    with one_line(MigrationError, DBAPIError, OSError):
        ensure_reader(database_url, name, password_file.read_text(encoding="utf-8").strip())
    out.print(f"{name} reads the views v1_*", markup=False)

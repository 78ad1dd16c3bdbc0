# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt migrate`: brings schemas to the newest revision, or tells where they stand."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from stadttakt_runtime import plugins
from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    err,
    one_line,
    print_json,
    print_table,
)
from stadttakt_runtime.migrations.awaited import wait_for_server
from stadttakt_runtime.migrations.connection import MigrationError
from stadttakt_runtime.migrations.upgrade import SchemaState, migrate, select_targets, states

Services = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SERVICE]...", help="schemas to migrate; all installed ones if none"),
]


def migrate_command(
    database_url: DatabaseUrl,
    services: Services = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="change nothing; exit 1 if a schema is behind")
    ] = False,
    wait_s: Annotated[
        int, typer.Option("--wait", min=0, help="seconds to wait for a server that does not answer")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Create roles and schemas, and run all open revisions."""
    with one_line(MigrationError, DBAPIError):
        targets = select_targets(plugins.load(plugins.MIGRATIONS), services or [])
        wait_for_server(database_url, wait_s, partial(err.print, markup=False, soft_wrap=True))
        found = states(database_url, targets) if check else migrate(database_url, targets)
    _show(found, as_json=as_json)
    if not all(state.is_current for state in found):
        raise typer.Exit(1)


def migrate_all(database_url: str) -> list[SchemaState]:
    """Migrate the schemas of all installed services; raises MigrationError."""
    return migrate(database_url, select_targets(plugins.load(plugins.MIGRATIONS), []))


def _show(found: list[SchemaState], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(state) for state in found])
        return
    rows = [(one.schema, one.current or "-", one.head, _word(one)) for one in found]
    print_table(("schema", "revision", "newest", ""), rows)


def _word(state: SchemaState) -> str:
    if state.is_newer:
        return "of a newer version, left as it is"
    if not state.is_current:
        return "[red]behind[/red]"
    return "up to date" if state.before == state.current else "[green]migrated[/green]"

"""`stadttakt city`: applies a city's folder to all installed services."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.markup import escape

from stadttakt_runtime import plugins
from stadttakt_runtime.commands.output import DatabaseUrl, err, fail, print_table
from stadttakt_runtime.plugins import CityApplier, CityError

app = typer.Typer(help="City configuration.", no_args_is_help=True)


@app.callback()
def city() -> None:
    """City configuration."""


@app.command()
def apply(
    database_url: DatabaseUrl,
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="deploy/cities/<city>")
    ],
) -> None:
    """Apply a city's folder, as often as you like; each service takes all of it or nothing."""
    appliers = plugins.load(plugins.CITY)
    if not appliers:
        raise fail("no installed service reads a city folder")
    rows, failed = [], False
    for name, applier in appliers.items():
        lines = _apply(applier, folder, database_url)
        failed = failed or lines is None
        rows += [(name, escape(line)) for line in lines or ["[nothing applied]"]]
    print_table(("service", "applied"), rows)
    if failed:
        raise typer.Exit(1)


@app.command()
def check(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="deploy/cities/<city>")
    ],
    *,
    production: Annotated[
        bool, typer.Option("--production", help="nothing may be left to fill in")
    ] = False,
) -> None:
    """Check what services read of a city's folder when they start; needs no database."""
    rows, failed = [], False
    for name, checker in plugins.load(plugins.CITY_CHECKS).items():
        try:
            rows += [(name, escape(line)) for line in checker(folder, production=production)]
        except CityError as error:
            failed = True
            rows.append((name, escape("[see the error]")))
            err.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
    print_table(("service", "found"), rows)
    if failed:
        raise typer.Exit(1)


def _apply(applier: CityApplier, folder: Path, url: str) -> list[str] | None:
    """Return the applier's report, or None after printing its error."""
    try:
        return list(applier(folder, url))
    except (CityError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        err.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        return None

# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt transit timetable`: versions of the timetable, and which one holds."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer
from rich.markup import escape

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    fail,
    out,
    print_json,
    print_table,
)
from stadttakt_runtime.database import Database
from vehicle_occupancy.commands.running import with_database
from vehicle_occupancy.storage import timetable_versions as storage
from vehicle_occupancy.storage.forecast_settings import service_day
from vehicle_occupancy.storage.timetable_versions import Version, holds

app = typer.Typer(help="Versions of the timetable.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="number of the version")]


@app.command("list")
def list_command(database_url: DatabaseUrl, *, as_json: AsJson = False) -> None:
    """List versions, the newest first; the one that holds today is marked."""

    async def read(database: Database) -> tuple[list[Version], date]:
        async with database.connection() as connection:
            day = await service_day(connection, utc_now())
            return await storage.versions(connection), day

    found, day = with_database(database_url, read)
    today = holds(found, day)
    if as_json:
        print_json([_document(version, today) for version in found])
        return
    rows = [
        (
            str(version.version_id),
            escape(version.name),
            f"{version.valid_from} to {version.valid_to}",
            f"{version.imported_at:%Y-%m-%d %H:%M}",
            f"{version.summary.get('trips', 0):,}",
            _word(version, today),
        )
        for version in found
    ]
    headings = ("version", "name", "valid", "imported", "trips", "")
    print_table(headings, rows, whole=("version",))


@app.command()
def activate(database_url: DatabaseUrl, version: Number) -> None:
    """Let a version hold on all days it is valid on: the way back, too."""
    _set(database_url, version, active=True)
    out.print(f"version {version} holds from now on", markup=False)


@app.command()
def retire(database_url: DatabaseUrl, version: Number) -> None:
    """Let a version hold on no day any more; the one activated before it holds again."""
    _set(database_url, version, active=False)
    out.print(f"version {version} is retired", markup=False)


def _set(url: str, version: int, *, active: bool) -> None:
    async def change(database: Database) -> bool:
        async with database.transaction() as connection:
            moment = utc_now() if active else None
            return await storage.activate(connection, version, moment)

    if not with_database(url, change):
        raise fail(f"there is no version {version}")


def _word(version: Version, today: Version | None) -> str:
    if version.activated_at is None:
        return "[dim]retired[/dim]"
    return "[green]holds today[/green]" if version == today else ""


def _document(version: Version, today: Version | None) -> dict[str, Any]:
    names = ("version_id", "name", "publisher", "timezone", "valid_from", "valid_to")
    times = ("imported_at", "activated_at", "simulated")
    return {
        **{name: getattr(version, name) for name in (*names, *times)},
        "summary": dict(version.summary),
        "holds_today": version == today,
    }

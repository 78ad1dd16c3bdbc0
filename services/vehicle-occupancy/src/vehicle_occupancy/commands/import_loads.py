# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt transit import-loads`: loads of the past, from which forecasts learn before day one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    fail,
    one_line,
    out,
    print_json,
    print_table,
    progress_bar,
)
from stadttakt_runtime.database import Database
from vehicle_occupancy.commands.backtest import opened
from vehicle_occupancy.commands.running import with_database
from vehicle_occupancy.forecasting.csv_loads import LoadsFile, read_loads
from vehicle_occupancy.forecasting.loading import Loaded, LoadOptions, take_over
from vehicle_occupancy.storage import forecast_settings

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, or CSV.gz")]


def import_loads_command(
    database_url: DatabaseUrl,
    file: File,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check only, store nothing")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="also what was counted of a trip already")
    ] = False,
    simulated: Annotated[bool, typer.Option("--simulated", help="mark all that it says")] = False,
    as_json: AsJson = False,
) -> None:
    """Take loads of past trips into the history of forecasts; a wrong line, and nothing is stored.

    The file has one row per trip, stop and day, as docs/forecast-vehicles.md describes it.
    """
    today = with_database(database_url, _service_day)
    with progress_bar() as bar:
        reading = bar.add_task("rows", total=None)
        with one_line(OSError, EOFError), opened(file) as stream:
            found = read_loads(stream, today, row_done=lambda: bar.advance(reading))
        if found.errors:
            bar.stop()
            _refuse(file, found, as_json=as_json)
        storing = bar.add_task("trips", total=len(found.trips))

        async def work(database: Database) -> Loaded:
            options = LoadOptions(replace=replace, simulated=simulated, dry_run=dry_run)
            return await take_over(
                database, found, today, options, lambda count: bar.advance(storing, count)
            )

        done = with_database(database_url, work)
    _tell(found, done, dry_run=dry_run, as_json=as_json)


async def _service_day(database: Database) -> date:
    async with database.connection() as connection:
        return await forecast_settings.service_day(connection, utc_now())


def _refuse(file: Path, found: LoadsFile, *, as_json: bool) -> None:
    if as_json:
        wrong = [{"line": each.line or None, "text": each.text} for each in found.wrong]
        print_json({"outcome": "refused", "errors": found.errors, "wrong": wrong})
    else:
        rows = [(str(each.line or ""), escape(each.text)) for each in found.wrong]
        print_table(("line", "what is wrong"), rows)
        if found.errors > len(found.wrong):
            out.print(f"… and {found.errors - len(found.wrong)} more")
    raise fail(f"{file.name}: {found.errors} errors; nothing is stored")


def _tell(found: LoadsFile, done: Loaded, *, dry_run: bool, as_json: bool) -> None:
    days = sorted({key.day for key in found.trips})
    if as_json:
        print_json(
            {
                "outcome": "dry_run" if dry_run else "stored",
                "rows": found.rows,
                "too_old": found.too_old,
                "days": len(days),
                "trips": done.trips,
                "stored": done.stored,
                "known": done.known,
                "in_timetable": done.matched,
                "lines_not_in_timetable": list(done.unmatched_lines),
                "lines_without_places": list(done.lines_without_places),
            }
        )
        return
    told = [
        ("rows", found.rows),
        ("rows older than 400 days, left out", found.too_old),
        ("days", len(days)),
        ("trips", done.trips),
        ("of these in the timetable of the coming week", done.matched),
        ("known already, left as they are", done.known),
        ("would be stored" if dry_run else "stored", done.stored),
    ]
    print_table(("loads", ""), [(name, f"{count:,}") for name, count in told])
    if done.lines_without_places:
        out.print(
            "without seats and standing places these lines are forecast once one of their vehicles "
            f"was seen: {', '.join(done.lines_without_places)}",
            markup=False,
        )
    if done.unmatched_lines:
        out.print(
            f"no trip of these lines is in the timetable: {', '.join(done.unmatched_lines)}",
            markup=False,
        )

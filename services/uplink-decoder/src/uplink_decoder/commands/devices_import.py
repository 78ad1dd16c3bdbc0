# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt devices import`: a CSV file of devices, all lines or none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.output import DatabaseUrl, fail, out, print_table, progress_bar
from stadttakt_runtime.database import Database
from uplink_decoder.commands.running import BY, with_database
from uplink_decoder.domain.registration import Action
from uplink_decoder.registry.importing import (
    Imported,
    ImportOptions,
    RefusedError,
    import_devices,
)
from uplink_decoder.registry.lines import LineError, read_lines
from uplink_decoder.storage.registry import Author

SHOWN = 50
COUNTED = (
    Action.CREATED,
    Action.CHANGED,
    Action.UNCHANGED,
    Action.RETIRED,
    Action.REINSTATED,
)


def import_command(
    database_url: DatabaseUrl,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="tell what it would do, write nothing")
    ] = False,
    retire_absent: Annotated[
        bool,
        typer.Option("--retire-absent", help="retire registered devices that it does not name"),
    ] = False,
    note: Annotated[str | None, typer.Option(help="why, for who reads the changes later")] = None,
) -> None:
    """Import devices from CSV; a column that it does not have leaves alone what is there."""
    try:
        lines, errors = read_lines(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise fail(f"{escape(str(file))} is not UTF-8") from error
    _refuse(errors)
    options = ImportOptions(dry_run=dry_run, retire_absent=retire_absent)

    async def run(database: Database) -> Imported:
        author = Author(BY, utc_now(), note)
        with progress_bar() as progress:
            task = progress.add_task("devices", total=len(lines))
            async with database.transaction() as connection:
                return await import_devices(
                    connection, lines, options, author, lambda done: progress.advance(task, done)
                )

    try:
        imported = with_database(database_url, run)
    except RefusedError as error:
        _refuse(error.errors)
        raise
    _summarise(imported, dry_run=dry_run)


def _refuse(errors: list[LineError]) -> None:
    if not errors:
        return
    rows = [
        (str(each.line), escape(each.column or "-"), escape(each.detail)) for each in errors[:SHOWN]
    ]
    print_table(("line", "column", "what is wrong"), rows)
    raise fail(f"{len(errors)} errors; nothing is imported")


def _summarise(imported: Imported, *, dry_run: bool) -> None:
    rows = [
        (str(line or "-"), dev_eui, action, ", ".join(fields))
        for line, dev_eui, action, fields in imported.changes[:SHOWN]
    ]
    if rows:
        print_table(("line", "device", "outcome", "fields"), rows)
    more = sum(imported.counts[each] for each in COUNTED if each != Action.UNCHANGED) - len(rows)
    if more:
        out.print(f"and {more} more")
    print_table(("devices", ""), [(each, str(imported.counts[each])) for each in COUNTED])
    for each in imported.warnings[:SHOWN]:
        out.print(f"line {each.line}: {escape(each.detail)}")
    if dry_run:
        out.print("dry run: nothing is written")

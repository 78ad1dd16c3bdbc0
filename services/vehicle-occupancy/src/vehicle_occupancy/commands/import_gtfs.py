# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt transit import-gtfs`: takes over a timetable, or says what is wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import DownloadColumn

from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    err,
    fail,
    one_line,
    out,
    print_json,
    print_table,
    progress_bar,
)
from vehicle_occupancy.city.timetable import read_bbox
from vehicle_occupancy.commands.running import with_database
from vehicle_occupancy.gtfs.feed import UnreadableFeedError
from vehicle_occupancy.gtfs.report import BrokenFeedError, Report
from vehicle_occupancy.importing import (
    Imported,
    ImportOptions,
    Outcome,
    Start,
    check_feed,
    import_feed,
)

COLUMNS = ("severity", "file", "line", "field", "text")


def import_command(  # noqa: PLR0913 (a command's options)
    database_url: DatabaseUrl,
    feed: Annotated[Path, typer.Argument(exists=True, help="a zip, or a folder of its files")],
    *,
    valid_from: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="from when on; else as the feed says"),
    ] = None,
    city: Annotated[
        Path | None,
        typer.Option(
            envvar="STADTTAKT_CITY", exists=True, file_okay=False, help="whose region is checked"
        ),
    ] = None,
    agency: Annotated[
        list[str] | None,
        typer.Option(help="id or name of whose trips are taken, may be repeated; else all"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="what to call it; else feed_version")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="mark all that it says")] = False,
    keep: Annotated[int, typer.Option(min=1, help="how many versions to keep at least")] = 5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check only, store nothing")] = False,
    report: Annotated[
        Path | None, typer.Option(dir_okay=False, help="CSV of all that was found")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import a GTFS feed as the timetable that holds from now on; broken ones change nothing."""
    with one_line(OSError):
        region = read_bbox(city) if city else None
    options = ImportOptions(
        valid_from=valid_from.date() if valid_from else None,
        region=region,
        agencies=frozenset(agency or ()),
        simulated=simulated,
        name=name,
        keep=keep,
    )
    try:
        with one_line(UnreadableFeedError, OSError), _bar() as start:
            done = (
                check_feed(feed, options, start)
                if dry_run
                else with_database(database_url, lambda db: import_feed(db, feed, options, start))
            )
    except BrokenFeedError as error:
        _tell(error.report, report, None, as_json=as_json)
        raise fail(
            f"{error.report.errors} errors; nothing is stored, the timetable before goes on holding"
        ) from error
    _tell(done.report, report, done, as_json=as_json)


@contextmanager
def _bar() -> Iterator[Start]:
    with progress_bar(DownloadColumn()) as progress:

        def start(total: int) -> Callable[[int], object]:
            task = progress.add_task("timetable", total=total)
            return lambda read: progress.advance(task, read)

        yield start


def _tell(report: Report, file: Path | None, done: Imported | None, *, as_json: bool) -> None:
    if file is not None:
        _write(file, report)
    if as_json:
        print_json(_document(report, done))
        return
    rows = [
        (each.severity.value, each.file, str(each.line or ""), each.field or "", escape(each.text))
        for each in sorted(report.findings, key=lambda each: each.severity)
    ]
    if rows:
        print_table(COLUMNS, rows)
    for severity, name, field, number in report.more:
        out.print(f"… and {number} more {severity}s like that in {name}, {field or 'whole lines'}")
    if done is not None:
        _summarise(done)


def _summarise(done: Imported) -> None:
    if done.outcome is Outcome.KNOWN:
        out.print(f"it is version {done.version_id} already; nothing changed", markup=False)
        return
    counts = [(name, f"{count:,}") for name, count in (done.summary or {}).items()]
    print_table(("timetable", ""), [*counts, ("valid", f"{done.valid_from} to {done.valid_to}")])
    if done.outcome is Outcome.DRY_RUN:
        out.print("dry run: nothing is stored")
    else:
        out.print(f"stored as version {done.version_id}, which holds from now on", markup=False)
    if done.forgotten:
        err.print(f"{done.forgotten} old versions are deleted")


def _document(report: Report, done: Imported | None) -> dict[str, object]:
    return {
        "outcome": done.outcome.value if done else "broken",
        "version_id": done.version_id if done else None,
        "valid_from": done.valid_from if done else None,
        "valid_to": done.valid_to if done else None,
        "summary": done.summary if done else None,
        "errors": report.errors,
        "warnings": report.warnings,
        "findings": [
            {"severity": f.severity, "file": f.file, "line": f.line, "field": f.field}
            | {"text": f.text}
            for f in report.findings
        ],
    }


def _write(file: Path, report: Report) -> None:
    with one_line(OSError), file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for each in report.findings:
            writer.writerow((each.severity.value, each.file, each.line, each.field, each.text))
        for severity, name, field, number in report.more:
            writer.writerow((severity, name, None, field, f"and {number} more like that"))

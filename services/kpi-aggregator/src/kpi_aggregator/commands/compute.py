# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt kpi compute`: what the service does by itself, now, and of days that are named."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from kpi_aggregator.computing.plan import Span
from kpi_aggregator.computing.run import Report, compute
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.database import with_database
from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    one_line,
    out,
    print_json,
    progress_bar,
)
from stadttakt_runtime.database import Database

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 1, 1)


def compute_command(
    database_url: DatabaseUrl,
    *,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="have days counted again, from this")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="up to this day, which is one of them")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell what it would do")] = False,
    as_json: AsJson = False,
) -> None:
    """Compute what is new or late; with --from or --to also days that were counted before."""
    with one_line(ValueError):
        again = _span(since, until)
    with progress_bar() as bar:
        task = bar.add_task("computing", total=None)

        async def work(database: Database) -> Report:
            return await compute(
                database,
                utc_now(),
                again=again,
                dry_run=dry_run,
                tell=lambda done, everything: _show(bar, task, done, everything),
            )

        report = with_database(database_url, "kpi", work)
    if as_json:
        print_json({"dry_run": dry_run, **_figures(report), "faults": report.faults})
        return
    would = "would be " if dry_run else ""
    out.print(
        f"{report.formulas} formulas: {report.days} days counted, {report.changed} changed;"
        f" {report.values} values {would}stored"
    )
    for formula, fault in report.faults.items():
        out.print(f"{formula}: no value, {fault}", markup=False)


def _show(bar: Progress, task: TaskID, done: int, everything: int) -> None:
    bar.update(task, completed=done, total=everything)


def _figures(report: Report) -> dict[str, int]:
    return {
        "formulas": report.formulas,
        "days": report.days,
        "changed": report.changed,
        "values": report.values,
    }


def _span(since: str | None, until: str | None) -> Span | None:
    if since is None and until is None:
        return None
    span = Span(
        _day("--from", since) if since else EARLIEST, _day("--to", until) if until else LATEST
    )
    if span.first > span.last:
        raise ValueError("--from must not be after --to")
    return span


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{option} {text}: expected a day, such as 2026-11-01") from error

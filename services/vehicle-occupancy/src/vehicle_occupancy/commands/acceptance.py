# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt transit acceptance`: manual against automatic counts; `acceptance-plan`: how many."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.output import AsJson, one_line, out, print_json, print_table
from vehicle_occupancy.acceptance.counts_file import read_counts
from vehicle_occupancy.acceptance.csv_report import ALL, rows, to_csv
from vehicle_occupancy.acceptance.document import EquivalenceView, ReportView, report_view
from vehicle_occupancy.acceptance.page import to_page
from vehicle_occupancy.domain.acceptance import Terms, report
from vehicle_occupancy.domain.acceptance_power import events_needed

Percent = Annotated[float, typer.Option(min=0.01, max=50, help="largest bias, in percent")]
Confidence = Annotated[float, typer.Option(min=50, max=99.9, help="of the interval, in percent")]
COLUMNS = (
    *("vehicle", "direction", "events", "manual", "bias", "interval", "verdict", "needed"),
    "accepted",
)
NOT_ACCEPTED = 2


def acceptance_command(  # noqa: PLR0913  # options
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV, docs/acceptance.md")
    ],
    *,
    margin: Percent = 1.0,
    confidence: Confidence = 95.0,
    label: Annotated[str, typer.Option(help="title of the page; else the file's name")] = "",
    timezone: Annotated[str, typer.Option(help="the page's")] = "Europe/Berlin",
    folder: Annotated[
        Path | None, typer.Option("--report", file_okay=False, help="for report.html, .csv, .json")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Test whether automatic counts may be taken for manual ones (VDV 457).

    Ends with 0 where they are accepted, with 2 where not, with 1 where the file cannot be read.
    """
    with one_line(ValueError, OSError, ZoneInfoNotFoundError):
        terms = Terms(margin / 100, confidence / 100)
        view = report_view(report(read_counts(file.read_bytes()), terms))
        if folder:
            _write(folder, view, label or file.stem, ZoneInfo(timezone))
    if as_json:
        print_json(view.model_dump())
    else:
        print_table(COLUMNS, [_row(*row) for row in rows(view)])
        out.print("accepted" if view.accepted else "not accepted")
    if not view.accepted:
        raise typer.Exit(NOT_ACCEPTED)


def _write(folder: Path, view: ReportView, label: str, timezone: ZoneInfo) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page = to_page(view, label, utc_now(), timezone)
    (folder / "report.html").write_text(page, encoding="utf-8")
    (folder / "report.csv").write_text(to_csv(view), encoding="utf-8")
    (folder / "report.json").write_text(view.model_dump_json(indent=2), encoding="utf-8")


def _row(
    vehicle: str,
    direction: str,
    found: EquivalenceView,
    accepted: bool,  # noqa: FBT001
) -> list[str]:
    interval = found.interval
    return [
        "all" if vehicle == ALL else vehicle,
        direction,
        str(found.events) + (f" (+{found.missing} missing)" if found.missing else ""),
        str(found.manual),
        "" if interval is None else f"{interval.bias:+.2%}",
        "" if interval is None else f"{interval.low:+.2%} to {interval.high:+.2%}",
        found.verdict,
        "" if found.needed is None else str(found.needed),
        "yes" if accepted else "no",
    ]


def plan_command(
    deviation: Annotated[
        float,
        typer.Argument(
            min=0,
            max=1000,
            help="standard deviation of the deviations of door events, in percent of their mean",
        ),
    ],
    *,
    bias: Annotated[float, typer.Option(help="true bias to pass with, in percent")] = 0.0,
    power: Annotated[float, typer.Option(min=1, max=99.9, help="probability, in percent")] = 90.0,
    margin: Percent = 1.0,
    confidence: Confidence = 95.0,
    as_json: AsJson = False,
) -> None:
    """Tell how many door events an acceptance test takes."""
    needed = events_needed(
        deviation / 100,
        margin=margin / 100,
        confidence=confidence / 100,
        power=power / 100,
        bias=bias / 100,
    )
    if as_json:
        print_json({"door_events": needed})
    elif needed is None:
        out.print("no feasible number of door events")
    else:
        out.print(f"{needed} door events")

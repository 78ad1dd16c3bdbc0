# SPDX-License-Identifier: EUPL-1.2
"""A report as CSV: one line for all vehicles and one per vehicle, of each direction."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from vehicle_occupancy.acceptance.document import EquivalenceView, ReportView, ResultView

COLUMNS = (
    "vehicle_id",
    "direction",
    "door_events",
    "missing",
    "manual",
    "automatic",
    "bias",
    "low",
    "high",
    "deviation",
    "p_value",
    "exact_share",
    "margin",
    "confidence",
    "verdict",
    "needed",
    "accepted",
)
ALL = "*"


def to_csv(report: ReportView) -> str:
    """Return the lines; `*` stands for all vehicles, an empty field for nothing to test."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for vehicle_id, direction, found, accepted in rows(report):
        values = _values(found, report)
        writer.writerow([_plain(vehicle_id), direction, *values, "yes" if accepted else "no"])
    return text.getvalue()


def rows(report: ReportView) -> Iterator[tuple[str, str, EquivalenceView, bool]]:
    """Yield vehicle, direction, result and whether both directions pass, all vehicles together first."""
    named: list[tuple[str, ResultView]] = [(ALL, report.whole)]
    named += [(vehicle.vehicle_id, vehicle) for vehicle in report.vehicles]
    for vehicle_id, result in named:
        yield vehicle_id, "boarding", result.boarding, result.accepted
        yield vehicle_id, "alighting", result.alighting, result.accepted


def _plain(name: str) -> str:
    # A spreadsheet runs what begins like a formula.
    return f"'{name}" if name[0] in "=+-@" else name


def _values(found: EquivalenceView, report: ReportView) -> list[object]:
    interval = found.interval
    tested = (
        ("", "", "", "", "")
        if interval is None
        else tuple(
            f"{value:.6g}"
            for value in (
                interval.bias,
                interval.low,
                interval.high,
                interval.deviation,
                interval.p_value,
            )
        )
    )
    return [
        found.events,
        found.missing,
        found.manual,
        found.automatic,
        *tested,
        "" if found.exact_share is None else f"{found.exact_share:.4f}",
        f"{report.margin:g}",
        f"{report.confidence:g}",
        found.verdict,
        "" if found.needed is None else found.needed,
    ]

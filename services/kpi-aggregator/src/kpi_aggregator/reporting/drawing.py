# SPDX-License-Identifier: EUPL-1.2
"""The chart of a report's line: its points as bars, blank where periods have no value, labelled in German."""

from __future__ import annotations

from kpi_aggregator.domain.periods import gaps, read_period
from kpi_aggregator.reporting import words
from kpi_aggregator.reporting.document import Line
from stadttakt_runtime.bar_chart import Bar, draw, period_name, with_gaps


def drawing(line: Line, font: str) -> str:
    """Return the chart of a line that has points, as SVG."""
    periods = [read_period(point.period) for point in line.points]
    bars = [
        Bar(period_name(*period), point.value, point.expected)
        for period, point in zip(periods, line.points, strict=True)
    ]
    return draw(
        with_gaps(bars, gaps(periods)), lambda value, whole: words.number(value, whole=whole), font
    )

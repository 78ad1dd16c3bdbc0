# SPDX-License-Identifier: EUPL-1.2
"""The chart of a report's line: its points as bars, labelled in German."""

from __future__ import annotations

from kpi_aggregator.domain.periods import read_period
from kpi_aggregator.reporting import words
from kpi_aggregator.reporting.document import Line
from stadttakt_runtime.bar_chart import Bar, draw, period_name


def drawing(line: Line, font: str) -> str:
    """Return the chart of a line that has points, as SVG."""
    bars = [
        Bar(period_name(*read_period(point.period)), point.value, point.expected)
        for point in line.points
    ]
    return draw(bars, lambda value, whole: words.number(value, whole=whole), font)

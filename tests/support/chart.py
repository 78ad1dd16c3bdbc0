# SPDX-License-Identifier: EUPL-1.2
"""Charts of reports as SVG that stand alone: a title, the unit, a legend, and all names; pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import chain
from typing import NamedTuple

from stadttakt_runtime import bar_chart
from stadttakt_runtime.bar_chart import BAR, INK, PALE, PATH, SOFT, Bar

WIDTH, EDGE, LABEL = 640.0, 12.0, 64.0
COURSE_WIDTH = bar_chart.WIDTH + EDGE
HEAD, THICK, GAP, FOOT = 52.0, 15.0, 9.0, 10.0
LETTER = 6.6
"""Most of what a letter takes on average, in the size of names."""
COLOURS = (BAR, PALE, PATH)
ROUNDS = "lowest to highest round; bars are medians"


class Row(NamedTuple):
    """A name and its values, one of each series; the lowest and highest that the first is the middle of.

    A row of others is drawn in the second colour.
    """

    name: str
    values: Sequence[float | None]
    spread: tuple[float, float] | None = None
    is_other: bool = False


class Chart(NamedTuple):
    """What a chart shows: the legend names the colours, `course` what the rows follow in, as minutes."""

    title: str
    unit: str
    rows: Sequence[Row]
    legend: Sequence[str] = ()
    course: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is no value to be shown."""
        return all(value is None for row in self.rows for value in row.values)

    @property
    def told(self) -> str:
        """What it shows in words, for who does not see it."""
        return f"{self.title}, {self.unit}"


def draw(chart: Chart) -> str:
    """Return a chart of at least one value: a bar a value beside its name, or a course from left to right."""
    body, height = _course(chart) if chart.course else _bars(chart)
    width = COURSE_WIDTH if chart.course else WIDTH
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    title = escape(chart.told)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}"'
        f' font-family="sans-serif" font-size="12"><title>{title}</title>'
        f'<rect width="{width:g}" height="{height:g}" rx="6" fill="#ffffff"/>'
        f'<text x="{EDGE:g}" y="21" font-size="14" font-weight="bold" fill="{INK}">'
        f"{escape(chart.title)}</text>{''.join(_legend(chart))}{body}</svg>\n"
    )


def _legend(chart: Chart) -> list[str]:
    """Return the unit, and what the colours and lines are."""
    parts, x = [f'<text x="{EDGE:g}" y="41" fill="{INK}">{escape(chart.unit)}</text>'], EDGE
    x += len(chart.unit) * LETTER + 18
    for colour, name in zip(COLOURS, chart.legend, strict=False):
        parts.append(f'<rect x="{x:.0f}" y="31" width="11" height="11" fill="{colour}"/>')
        parts.append(f'<text x="{x + 16:.0f}" y="41" fill="{INK}">{escape(name)}</text>')
        x += len(name) * LETTER + 34
    if any(row.spread for row in chart.rows):
        parts.append(_whisker(x, x + 20, 37))
        parts.append(f'<text x="{x + 26:.0f}" y="41" fill="{INK}">{ROUNDS}</text>')
    return parts


def _bars(chart: Chart) -> tuple[str, float]:
    left = EDGE * 2 + max(len(row.name) for row in chart.rows) * LETTER
    most = max(chain.from_iterable(_ends(row) for row in chart.rows)) or 1.0
    per_unit = (WIDTH - left - LABEL) / most
    parts, y, digits = [], HEAD, _digits(chart)
    for row in chart.rows:
        middle = y + THICK * len(row.values) / 2 + 4
        parts.append(
            f'<text x="{left - EDGE:.0f}" y="{middle:.1f}" text-anchor="end" fill="{INK}">'
            f"{escape(row.name)}</text>"
        )
        for number, value in enumerate(row.values):
            colour, end = COLOURS[1 if row.is_other else number], left
            if value is not None:
                width = max(value * per_unit, 1.0)
                end = left + width
                parts.append(
                    f'<rect x="{left:.1f}" y="{y + 1:.1f}" width="{width:.1f}"'
                    f' height="{THICK - 2:g}" fill="{colour}"/>'
                )
            if row.spread and number == 0:
                low, end = (left + each * per_unit for each in row.spread)
                parts.append(_whisker(low, end, y + THICK / 2))
            parts.append(
                f'<text x="{end + 6:.1f}" y="{y + THICK / 2 + 4:.1f}" fill="{INK}">'
                f"{'-' if value is None else f'{value:,.{digits}f}'}</text>"
            )
            y += THICK
        y += GAP
    base = f'<path d="M{left:.1f} {HEAD - 4:g}V{y - GAP + 4:g}" stroke="{SOFT}"/>'
    return base + "".join(parts), y - GAP + FOOT


def _ends(row: Row) -> Sequence[float]:
    return [0.0, *(each for each in row.values if each is not None), *(row.spread or ())]


def _whisker(low: float, high: float, y: float) -> str:
    way = f"M{low:.1f} {y - 4:.1f}v8m0 -4H{high:.1f}m0 -4v8"
    return (
        f'<path d="{way}" stroke="#ffffff" stroke-width="4" fill="none"/>'
        f'<path d="{way}" stroke="{PATH}" stroke-width="1.5" fill="none"/>'
    )


def _course(chart: Chart) -> tuple[str, float]:
    bars = [Bar(row.name, row.values[0]) for row in chart.rows]
    drawn = bar_chart.draw(bars, lambda value, is_whole: f"{value:,.{0 if is_whole else 1}f}")
    below = HEAD + bar_chart.HEIGHT
    body = (
        f'<g transform="translate(0 {HEAD - 4:g})">{drawn}</g>'
        f'<text x="{(bar_chart.LEFT + bar_chart.WIDTH) / 2:g}" y="{below + 8:g}"'
        f' text-anchor="middle" fill="{INK}">{escape(chart.course)}</text>'
    )
    return body, below + 8 + FOOT


def _digits(chart: Chart) -> int:
    """Return how many decimals the figures of a chart have, two at most."""
    values = [value for row in chart.rows for value in row.values if value is not None]
    return max(len(f"{value:.2f}".rstrip("0").partition(".")[2]) for value in values)

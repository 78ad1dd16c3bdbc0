# SPDX-License-Identifier: EUPL-1.2
"""A course as SVG: bars of values, a dashed line where they should be, a mark where something changed; pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import date
from html import escape
from math import floor, log10
from typing import NamedTuple

WIDTH, HEIGHT = 520.0, 128.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 8.0, 10.0, 26.0
MOST_TICKS = 4
GAP = "…"
WIDEST = 84.0
INK, SOFT, BAR, PALE, PATH = "#33414d", "#cfd9e2", "#0b4a6f", "#7f9fb4", "#8a4b00"

Written = Callable[[float, bool], str]
"""Writes a number, a whole one without decimals."""


class Bar(NamedTuple):
    """A value, what it is called below, and what is due; a pale one is of another kind than the others.

    One without a value is a blank place.
    """

    name: str
    value: float | None
    expected: float | None = None
    is_pale: bool = False


class _Scale(NamedTuple):
    """Lowest and highest mark of the axis, and the step between marks."""

    lowest: float
    highest: float
    step: float

    def y(self, value: float) -> float:
        share = (value - self.lowest) / (self.highest - self.lowest)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)


def draw(
    bars: Sequence[Bar],
    written: Written,
    font: str | None = None,
    *,
    mark_before: int | None = None,
) -> str:
    """Return the chart of at least one value; the same values give the same text.

    Colours are written into it and may be overruled by the classes `grid`, `bar`, `pale`, `path` and
    `mark`; an upright line stands before the bar of index `mark_before`.
    """
    scale = _scale(bars)
    slot = min((WIDTH - LEFT - RIGHT) / len(bars), WIDEST)
    parts = [*_grid(scale, written), *_names(bars, slot)]
    for index, bar in enumerate(bars):
        if bar.value is None:
            continue
        x = LEFT + slot * (index + 0.18)
        top, ground = scale.y(max(bar.value, 0.0)), scale.y(min(bar.value, 0.0))
        kind, fill = ("bar pale", PALE) if bar.is_pale else ("bar", BAR)
        parts.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{top}" width="{slot * 0.64:.1f}"'
            f' height="{max(ground - top, 1.0):.1f}" fill="{fill}"/>'
        )
    if mark_before is not None:
        x = LEFT + slot * mark_before
        parts.append(
            f'<path class="mark" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="{INK}"'
            ' stroke-width="1.5" stroke-dasharray="2 3"/>'
        )
    due = [(i, bar.expected) for i, bar in enumerate(bars) if bar.expected is not None]
    if due:
        way = "L".join(f"{LEFT + slot * (i + 0.5):.1f} {scale.y(value)}" for i, value in due)
        parts.append(
            f'<path class="path" d="M{way}" fill="none" stroke="{PATH}" stroke-width="2"'
            ' stroke-dasharray="6 4"/>'
        )
    size = f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" height="{HEIGHT:g}"'
    family = f' font-family="{escape(font)}"' if font else ""
    return (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" {size}{family} font-size="11">'
        f"{''.join(parts)}</svg>"
    )


def with_gaps(bars: Sequence[Bar], gaps: Container[int]) -> list[Bar]:
    """Return bars with a blank place before each of these indices, where periods have no value."""
    found: list[Bar] = []
    for index, bar in enumerate(bars):
        if index in gaps:
            found.append(Bar(GAP, None))
        found.append(bar)
    return found


def period_name(length: str, start: date) -> str:
    """Return a month, quarter or year, or the first day of what is shorter, as it stands below a bar."""
    match length:
        case "month":
            return f"{start:%m/%y}"
        case "quarter":
            return f"Q{(start.month - 1) // 3 + 1}/{start:%y}"
        case "year":
            return f"{start.year}"
        case _:
            return f"{start:%d.%m.}"


def _scale(bars: Sequence[Bar]) -> _Scale:
    """Return an axis with zero on it."""
    values = [bar.value for bar in bars if bar.value is not None]
    values += [bar.expected for bar in bars if bar.expected is not None]
    low, high = min(0.0, *values), max(0.0, *values)
    if high == low:
        high = 1.0
    size = 10.0 ** floor(log10((high - low) / MOST_TICKS))
    step = next(size * f for f in (1, 2, 5, 10) if size * f * MOST_TICKS >= high - low)
    return _Scale(floor(low / step + 1e-9) * step, -floor(-high / step + 1e-9) * step, step)


def _grid(scale: _Scale, written: Written) -> list[str]:
    found = []
    for index in range(round((scale.highest - scale.lowest) / scale.step) + 1):
        value = scale.lowest + index * scale.step
        y, label = scale.y(value), written(value, scale.step >= 1)
        found.append(
            f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{SOFT}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{INK}">{label}</text>'
        )
    return found


def _names(bars: Sequence[Bar], slot: float) -> list[str]:
    """Return the names below; so many that they do not touch."""
    every = max(1, -(-56 // max(int(slot), 1)))
    last = len(bars) - 1
    return [
        f'<text x="{LEFT + slot * (index + 0.5):.1f}" y="{HEIGHT - 8:g}" text-anchor="middle"'
        f' fill="{INK}">{escape(bar.name)}</text>'
        for index, bar in enumerate(bars)
        if (last - index) % every == 0
    ]

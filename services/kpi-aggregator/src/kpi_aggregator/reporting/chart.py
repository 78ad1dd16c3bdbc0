"""An indicator's course as SVG: bars of its values, a dashed line where it should be; pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import floor, log10

from kpi_aggregator.domain.periods import Period, read_period
from kpi_aggregator.reporting import words
from kpi_aggregator.reporting.document import Line, Point

WIDTH, HEIGHT = 520.0, 128.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 8.0, 10.0, 26.0
MOST_TICKS = 4
WIDEST = 84.0
INK, SOFT, BAR, PATH = "#33414d", "#cfd9e2", "#0b4a6f", "#8a4b00"


def text_of(line: Line) -> str:
    """Return what the chart shows, in words: for whom it is read to."""
    points = line.points
    first, last = points[0], points[-1]
    if len(points) == 1:
        return f"{line.title}: {words.with_unit(last.value, line)} ({words.period(last.period)})."
    low = min(points, key=lambda point: point.value)
    high = max(points, key=lambda point: point.value)
    return (
        f"{line.title}, {len(points)} Werte von {words.period(first.period)} bis"
        f" {words.period(last.period)}: zuerst {words.with_unit(first.value, line)}, zuletzt"
        f" {words.with_unit(last.value, line)}, niedrigster {words.with_unit(low.value, line)}"
        f" ({words.period(low.period)}), höchster {words.with_unit(high.value, line)}"
        f" ({words.period(high.period)})."
    )


def draw(line: Line, font: str) -> str:
    """Return the chart of a line that has points; the same line gives the same text."""
    points = line.points
    lowest, highest, step = _scale(points)
    slot = min((WIDTH - LEFT - RIGHT) / len(points), WIDEST)

    def y(value: float) -> float:
        inner = HEIGHT - TOP - BOTTOM
        return round(HEIGHT - BOTTOM - inner * (value - lowest) / (highest - lowest), 1)

    parts = [*_grid(lowest, highest, step, line), *_names(points, slot)]
    for index, point in enumerate(points):
        x, top, ground = LEFT + slot * index, y(max(point.value, 0.0)), y(min(point.value, 0.0))
        parts.append(
            f'<rect x="{x + slot * 0.18:.1f}" y="{top}" width="{slot * 0.64:.1f}"'
            f' height="{max(ground - top, 1.0):.1f}" fill="{BAR}"/>'
        )
    due = [(i, p.expected) for i, p in enumerate(points) if p.expected is not None]
    if due:
        way = "L".join(f"{LEFT + slot * (i + 0.5):.1f} {y(value)}" for i, value in due)
        parts.append(
            f'<path d="M{way}" fill="none" stroke="{PATH}" stroke-width="2" stroke-dasharray="6 4"/>'
        )
    size = f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" height="{HEIGHT:g}"'
    style = f'font-family="{escape(font)}" font-size="11"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(parts)}</svg>'


def _scale(points: Sequence[Point]) -> tuple[float, float, float]:
    """Return lowest and highest mark of the axis, and the step between marks; zero is on it."""
    values = [p.value for p in points] + [p.expected for p in points if p.expected is not None]
    low, high = min(0.0, *values), max(0.0, *values)
    if high == low:
        high = 1.0
    size = 10.0 ** floor(log10((high - low) / MOST_TICKS))
    step = next(size * f for f in (1, 2, 5, 10) if size * f * MOST_TICKS >= high - low)
    return floor(low / step + 1e-9) * step, -floor(-high / step + 1e-9) * step, step


def _grid(lowest: float, highest: float, step: float, line: Line) -> list[str]:
    found = []
    for index in range(round((highest - lowest) / step) + 1):
        value = lowest + index * step
        inner = HEIGHT - TOP - BOTTOM
        y = round(HEIGHT - BOTTOM - inner * (value - lowest) / (highest - lowest), 1)
        label = words.number(value, whole=step >= 1 or line.whole)
        found.append(
            f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{SOFT}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{INK}">{label}</text>'
        )
    return found


def _names(points: Sequence[Point], slot: float) -> list[str]:
    """Return the periods below; so many that they do not touch."""
    every = max(1, -(-56 // max(int(slot), 1)))
    last = len(points) - 1
    return [
        f'<text x="{LEFT + slot * (index + 0.5):.1f}" y="{HEIGHT - 8:g}" text-anchor="middle"'
        f' fill="{INK}">{_short(point.period)}</text>'
        for index, point in enumerate(points)
        if (last - index) % every == 0
    ]


def _short(name: str) -> str:
    length, start = read_period(name)
    match length:
        case Period.MONTH:
            return f"{start:%m/%y}"
        case Period.QUARTER:
            return f"Q{(start.month - 1) // 3 + 1}/{start:%y}"
        case Period.YEAR:
            return f"{start.year}"
        case _:
            return f"{start:%d.%m.}"

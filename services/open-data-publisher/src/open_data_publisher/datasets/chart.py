"""Lines of a dataset over time, as points of a drawing; no markup."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise
from math import floor, log10
from typing import Any

from open_data_publisher.domain.policy import Chart, Dataset

MOST_LINES = 4
MOST_LABEL = 28
LEFT, RIGHT, TOP, BOTTOM = 52.0, 560.0, 12.0, 228.0
"""The field of the drawing, in its own units; right of it stand the names of the lines."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, where that stands, and its pieces; a gap in the data is a gap."""

    name: str
    label_y: float
    pieces: Sequence[str]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Lines, the marks of the upright axis as (value, where), and the ends of the other one."""

    lines: Sequence[Line]
    heights: Sequence[tuple[float, float]]
    begin: datetime
    end: datetime
    left_out: int


def draw(dataset: Dataset, rows: Iterable[Mapping[str, Any]]) -> Drawing | None:
    """Return a drawing of rows, nothing where there are fewer than two times or no values."""
    if dataset.chart is None or dataset.source.time is None:
        return None
    series = _series(dataset.chart, dataset.source.time, rows)
    times = sorted({at for points in series.values() for at in points})
    if len(times) < 2:
        return None
    shown = sorted(series, key=lambda name: (-_mean(series[name]), name))[:MOST_LINES]
    values = [value for name in shown for value in series[name].values()]
    top, bottom = _ends(min(values), max(values))
    scale = _Scale(times[0], times[-1], bottom, top)
    step = min(b - a for a, b in pairwise(times))
    lines = [_line(name, sorted(series[name].items()), scale, step * 3) for name in sorted(shown)]
    return Drawing(
        _apart(lines),
        [
            (mark, scale.y(mark))
            for part in range(5)
            for mark in [bottom + (top - bottom) * part / 4]
        ],
        datetime.fromtimestamp(times[0], UTC),
        datetime.fromtimestamp(times[-1], UTC),
        len(series) - len(shown),
    )


def nice(value: float) -> float:
    """Return the least 1, 2, 4, 5 or 8 times a power of ten that is not below a value."""
    if value <= 0:
        return 1.0
    size = 10.0 ** floor(log10(value))
    return next(size * n for n in (1, 2, 4, 5, 8, 10) if size * n >= value)


def _ends(lowest: float, highest: float) -> tuple[float, float]:
    """Return the axis' top and bottom: zero is on it, and values below zero are below it."""
    if lowest >= 0:
        return nice(highest), 0.0
    return (nice(highest) if highest > 0 else 0.0), -nice(-lowest)


@dataclass(frozen=True, slots=True)
class _Scale:
    begin: float
    end: float
    bottom: float
    top: float

    def x(self, at: float) -> float:
        return LEFT + (RIGHT - LEFT) * (at - self.begin) / (self.end - self.begin)

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - self.bottom) / (self.top - self.bottom)


def _series(
    chart: Chart, time_column: str, rows: Iterable[Mapping[str, Any]]
) -> dict[str, dict[float, float]]:
    found: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if any(row[name] != wanted for name, wanted in chart.only):
            continue
        value = 1.0 if chart.value is None else row[chart.value]
        if value is None:
            continue
        name = "" if chart.by is None else str(row[chart.by] if row[chart.by] is not None else "–")
        found[name][_seconds(row[time_column], by_hour=chart.value is None)].append(float(value))
    adds_up = chart.adds_up or chart.value is None
    return {
        name: {at: sum(values) if adds_up else _of(values) for at, values in points.items()}
        for name, points in found.items()
    }


def _seconds(value: date, *, by_hour: bool) -> float:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC).timestamp()
    whole = value.replace(minute=0, second=0, microsecond=0) if by_hour else value
    return whole.timestamp()


def _of(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mean(points: Mapping[float, float]) -> float:
    return _of(list(points.values()))


def _line(name: str, points: Sequence[tuple[float, float]], scale: _Scale, gap: float) -> Line:
    pieces: list[list[str]] = []
    before: float | None = None
    for at, value in points:
        if before is None or at - before > gap:
            pieces.append([])
        pieces[-1].append(f"{scale.x(at):.1f},{scale.y(value):.1f}")
        before = at
    label = name if len(name) <= MOST_LABEL else f"{name[: MOST_LABEL - 1]}…"
    return Line(label, scale.y(points[-1][1]), [" ".join(piece) for piece in pieces])


def _apart(lines: Sequence[Line]) -> list[Line]:
    """Return lines whose names do not cover each other."""
    placed: list[Line] = []
    lowest = TOP - 16
    for line in sorted(lines, key=lambda each: each.label_y):
        lowest = max(line.label_y, lowest + 16)
        placed.append(Line(line.name, lowest, line.pieces))
    return placed

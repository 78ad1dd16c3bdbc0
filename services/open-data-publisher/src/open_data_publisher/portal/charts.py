"""Geometry of line charts with bands; pure, draws nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

WIDTH, HEIGHT = 360.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 12.0, 12.0, 28.0
STEPS = (1, 2, 5, 10)
MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its bounds; None where nobody knows."""

    at: datetime
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark at an axis."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Paths and marks in the units of the view box; `dots` are values without a neighbour."""

    line: str
    band: str
    dots: tuple[tuple[float, float], ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    limit: float | None


def chart(points: Sequence[Point], zone: str, *, limit: float | None = None) -> Chart:
    """Return the chart of a series in the order of its times; `limit` is a level drawn across.

    A value that is not known interrupts line and band: nothing is drawn where nothing was known.
    """
    first, last = points[0].at, points[-1].at
    span_s = max((last - first).total_seconds(), 1.0)
    top = _top([limit, *(v for p in points for v in (p.value, p.high))])

    def x(at: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (at - first).total_seconds() / span_s, 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)

    line, band = [], []
    dots: list[tuple[float, float]] = []
    for run in _runs(points):
        places = [(x(p.at), y(p.value)) for p in run if p.value is not None]
        if len(places) == 1:
            dots += places
        line.append("M" + "L".join(f"{a} {b}" for a, b in places))
        edge = [(x(p.at), y(p.high)) for p in run if p.high is not None]
        edge += [(x(p.at), y(p.low)) for p in reversed(run) if p.low is not None]
        if edge:
            band.append("M" + "L".join(f"{a} {b}" for a, b in edge) + "Z")
    return Chart(
        "".join(line),
        "".join(band),
        tuple(dots),
        tuple(Tick(x(at), label) for at, label in _times(first, last, ZoneInfo(zone))),
        tuple(Tick(y(value), f"{value:g}") for value in _values(top)),
        None if limit is None else y(limit),
    )


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """Return the stretches without a gap."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if point.value is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _top(values: Sequence[float | None]) -> float:
    highest = max((value for value in values if value is not None), default=0.0)
    return _step(max(highest, 1.0)) * ceil(max(highest, 1.0) / _step(max(highest, 1.0)))


def _step(highest: float) -> float:
    """Return a round number of which at most five make the highest value."""
    size = 10.0 ** floor(log10(highest / MOST_TICKS)) if highest > MOST_TICKS else 1.0
    return next(step * size for step in STEPS if step * size * MOST_TICKS >= highest)


def _values(top: float) -> list[float]:
    step = _step(top)
    return [step * number for number in range(int(top / step) + 1)]


def _times(first: datetime, last: datetime, zone: ZoneInfo) -> list[tuple[datetime, str]]:
    """Return round local times: half hours, hours of the day or days."""
    span = last - first
    choices = (
        (timedelta(hours=3), timedelta(minutes=30), "%H:%M"),
        (timedelta(days=2), timedelta(hours=6), "%H:%M"),
        (timedelta(days=9), timedelta(days=1), "%d.%m."),
    )
    step, form = next(
        ((step, form) for most, step, form in choices if span <= most),
        (timedelta(days=7), "%d.%m."),
    )
    midnight = first.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    marks = []
    for number in range(int((span + timedelta(days=1)) / step) + 2):
        # Steps are of the wall clock, so that marks stay round when the clocks are set.
        at = (midnight + number * step).astimezone(UTC)
        if first <= at <= last:
            marks.append((at, (midnight + number * step).strftime(form)))
    return marks

# SPDX-License-Identifier: EUPL-1.2
"""Geometry of line charts; pure, draws nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

STEPS = (1, 2, 5, 10)
MOST_TICKS = 5
MOST_LABEL = 28


@dataclass(frozen=True, slots=True)
class Frame:
    """The view box, and the margins around the field that is drawn on."""

    width: float
    height: float
    left: float
    right: float
    top: float = 12.0
    bottom: float = 28.0


SMALL = Frame(360, 210, left=34, right=12)
LARGE = Frame(420, 240, left=50, right=16)


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
class Line:
    """A line, the band of its bounds, and `dots`: values without a neighbour."""

    name: str
    path: str
    band: str
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines and marks in the units of the frame's view box; marks at the upright axis have values."""

    frame: Frame
    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[tuple[float, float], ...]
    limit: float | None


def chart(
    series: Mapping[str, Sequence[Point]],
    zone: str,
    *,
    frame: Frame = SMALL,
    limit: float | None = None,
    whole: bool = False,
) -> Chart:
    """Return the chart of series by name, each in the order of its times; there is a point at least.

    `limit` is a level drawn across; the marks are `whole` numbers where nothing is between them. A value
    that is not known interrupts line and band: nothing is drawn where nothing was known.
    """
    points = [point for each in series.values() for point in each]
    scale = _Scale.over(frame, points, limit, whole=whole)
    lines = [_line(name, each, scale) for name, each in series.items()]
    return Chart(
        frame,
        tuple(lines),
        tuple(Tick(scale.x(at), label) for at, label in _times(scale, ZoneInfo(zone))),
        tuple((value, scale.y(value)) for value in scale.values()),
        None if limit is None else scale.y(limit),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where times and values stand."""

    frame: Frame
    first: datetime
    last: datetime
    bottom: float
    top: float
    step: float

    @classmethod
    def over(
        cls, frame: Frame, points: Sequence[Point], limit: float | None, *, whole: bool
    ) -> _Scale:
        """Return the scale on which all points are; zero is on it, values below zero are below it."""
        values = [v for p in points for v in (p.value, p.low, p.high) if v is not None]
        highest = max([*values, limit or 0.0, 0.0])
        lowest = min([*values, 0.0])
        step = _step((highest - lowest) or 1.0, least=1.0 if whole else 0.0)
        times = [point.at for point in points]
        top = step * max(ceil(highest / step), 0 if lowest < 0 else 1)
        return cls(frame, min(times), max(times), step * floor(lowest / step), top, step)

    def x(self, at: datetime) -> float:
        """Return where a time stands."""
        width = self.frame.width - self.frame.left - self.frame.right
        span_s = max((self.last - self.first).total_seconds(), 1.0)
        return round(self.frame.left + width * (at - self.first).total_seconds() / span_s, 1)

    def y(self, value: float) -> float:
        """Return where a value stands."""
        height = self.frame.height - self.frame.top - self.frame.bottom
        share = (value - self.bottom) / (self.top - self.bottom)
        return round(self.frame.height - self.frame.bottom - height * share, 1)

    def values(self) -> list[float]:
        """Return the values that are marked."""
        first, last = round(self.bottom / self.step), round(self.top / self.step)
        return [round(self.step * number, 10) for number in range(first, last + 1)]


def _step(span: float, *, least: float) -> float:
    """Return a round number of which at most five make a span."""
    size = 10.0 ** floor(log10(span / MOST_TICKS))
    return max(next(step * size for step in STEPS if step * size * MOST_TICKS >= span), least)


def _line(name: str, points: Sequence[Point], scale: _Scale) -> Line:
    line, band = [], []
    dots: list[tuple[float, float]] = []
    for run in _runs(points):
        places = [(scale.x(p.at), scale.y(p.value)) for p in run if p.value is not None]
        if len(places) == 1:
            dots += places
        line.append(_path(places))
        edge = [(scale.x(p.at), scale.y(p.high)) for p in run if p.high is not None]
        edge += [(scale.x(p.at), scale.y(p.low)) for p in reversed(run) if p.low is not None]
        if edge:
            band.append(_path(edge) + "Z")
    label = name if len(name) <= MOST_LABEL else f"{name[: MOST_LABEL - 1]}…"
    return Line(label, "".join(line), "".join(band), tuple(dots))


def _path(places: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places)


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """Return the stretches without a gap."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if point.value is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


_MARKS = (
    (timedelta(hours=3), timedelta(minutes=30), "%H:%M"),
    (timedelta(days=2), timedelta(hours=6), "%H:%M"),
    (timedelta(days=9), timedelta(days=1), "%d.%m."),
    (timedelta(days=60), timedelta(days=7), "%d.%m."),
    (timedelta(days=200), timedelta(days=28), "%d.%m."),
    (timedelta(days=800), timedelta(days=91), "%m/%Y"),
)
"""How long a chart is at most, how far its marks are apart, and how they are written."""


def _times(scale: _Scale, zone: ZoneInfo) -> list[tuple[datetime, str]]:
    """Return round local times: half hours, hours of the day, days or months."""
    first, last = scale.first, scale.last
    span = last - first
    step, form = next(
        ((step, form) for most, step, form in _MARKS if span <= most), (span / 5, "%m/%Y")
    )
    midnight = first.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    marks = []
    for number in range(int((span + timedelta(days=1)) / step) + 2):
        # Steps are of the wall clock, so that marks stay round when the clocks are set.
        at = (midnight + number * step).astimezone(UTC)
        if first <= at <= last:
            marks.append((at, (midnight + number * step).strftime(form)))
    return marks

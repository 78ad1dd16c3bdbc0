# SPDX-License-Identifier: EUPL-1.2
"""What a lot was over time: time-weighted counts per bucket, from the observations of its bays.

A bay is what its newest observation said, until the next one or until its heartbeat limit is over
(sign rule 5); so each bucket is a pure function of the observations, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from parking_occupancy.domain.places import Place, Shift
from parking_occupancy.domain.sensors_past import Seen, changes
from parking_occupancy.domain.track import Reading

FINEST = timedelta(minutes=5)
WIDTHS = {
    "5m": FINEST,
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
}
"""Buckets begin at whole multiples of their width since 1970 (UTC), days at the city's midnight."""

_STATES = {Reading.FREE: 0, Reading.OCCUPIED: 1, Reading.SUSPECT: 2}
_UNKNOWN = 2
_NOT_COUNTED = 3


@dataclass(frozen=True, slots=True)
class BayPast:
    """A bay's observations in the order of time; the first may lie before the stretch asked for.

    Where several sensors speak, all must be there since twice the heartbeat limit before it.
    `shifts` say to which places it belonged, the first from the beginning of the stretch on; none
    of a bay that always belonged to the same.
    """

    heartbeat_limit: timedelta
    seen: Sequence[Seen]
    grace: timedelta = timedelta()
    shifts: Sequence[Shift] = ()


class Bucket(NamedTuple):
    """One lot in one stretch of time: means weighted by time, extremes of the places free.

    `free_*` and `occupied_mean` are of the time in which anything was known (`known_share` of the
    stretch, 0 to 1) and none where nothing was; `unknown_mean` is of the whole stretch, places
    without a sensor included. `completeness` is the share of place time that was known, 0 to 1.
    """

    start: datetime
    free_mean: float | None
    free_min: int | None
    free_max: int | None
    occupied_mean: float | None
    unknown_mean: float
    completeness: float
    known_share: float


class Step(NamedTuple):
    """A bay goes from one state into another: 0 free, 1 occupied, 2 unknown; at first from none."""

    at: datetime
    before: int | None
    after: int


def floor(at: datetime, width: timedelta) -> datetime:
    """Return the beginning of the bucket that a time lies in."""
    seconds = width.total_seconds()
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, tz=at.tzinfo)


def buckets(
    bays: Iterable[BayPast],
    *,
    start: datetime,
    end: datetime,
    reserve: int = 0,
    without_sensor: int = 0,
) -> list[Bucket]:
    """Return the finest buckets of a lot from `start` to before `end`, both on their borders."""
    changes = sorted(step for bay in bays for step in _general_steps(bay, start, end))
    counts = [0, 0, without_sensor, 0]
    found, position = [], 0
    while start < end:
        following = start + FINEST
        meter = Meter(start, reserve)
        while position < len(changes) and changes[position].at < following:
            meter.until(changes[position].at, *counts[:_NOT_COUNTED])
            position = _apply(changes, position, counts)
        meter.until(following, *counts[:_NOT_COUNTED])
        found.append(meter.bucket())
        start = following
    return found


def _general_steps(bay: BayPast, start: datetime, end: datetime) -> Iterator[Step]:
    """Yield the steps of a bay, which is not counted while it is none of the general places."""
    if not bay.shifts:
        yield from steps(bay, start, end)
        return
    state: int | None = None
    for at, place, sensed in placed(bay, Place.GENERAL, start, end):
        after = sensed if place is Place.GENERAL else _NOT_COUNTED
        if after != state:
            yield Step(at, state, after)
        state = after


def _apply(changes: Sequence[Step], position: int, counts: list[int]) -> int:
    """Take over all steps of one moment; return the position after them."""
    at = changes[position].at
    while position < len(changes) and changes[position].at == at:
        step = changes[position]
        if step.before is not None:
            counts[step.before] -= 1
        counts[step.after] += 1
        position += 1
    return position


def merge(start: datetime, parts: Sequence[Bucket]) -> Bucket:
    """Return the bucket that equally long parts make up; the same as counting it anew."""
    known = [part for part in parts if part.known_share]
    least = [part.free_min for part in known if part.free_min is not None]
    most = [part.free_max for part in known if part.free_max is not None]
    return Bucket(
        start,
        _weighted((part.free_mean, part.known_share) for part in known),
        min(least, default=None),
        max(most, default=None),
        _weighted((part.occupied_mean, part.known_share) for part in known),
        sum(part.unknown_mean for part in parts) / len(parts),
        sum(part.completeness for part in parts) / len(parts),
        sum(part.known_share for part in parts) / len(parts),
    )


def _weighted(values: Iterable[tuple[float | None, float]]) -> float | None:
    known = [(value, weight) for value, weight in values if value is not None]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if total else None


class Span(NamedTuple):
    """A stretch of time in which an observation may change what a bay was."""

    begin: datetime
    end: datetime


def touched(at: datetime, limit: timedelta, now: datetime) -> Span:
    """Return from when until when an observation may change what a bay was."""
    return Span(at, max(at, min(at + limit, now)))


def ended_buckets(spans: Iterable[Span], closed_until: datetime) -> list[datetime]:
    """Return the finest buckets that spans touch and that ended before a time, each once."""
    found: list[datetime] = []
    following = None
    for span in sorted(spans):
        start = floor(span.begin, FINEST)
        start = start if following is None else max(start, following)
        while start < closed_until and start <= span.end:
            found.append(start)
            start += FINEST
        following = start
    return found


class Meter:
    """Integrates what a lot was over one bucket; must be told in the order of time."""

    def __init__(self, start: datetime, reserve: int = 0) -> None:
        self._start = self._since = start
        self._reserve = reserve
        self._known_s = self._vacant = self._occupied = self._known = self._unknown = 0.0
        self._lowest: int | None = None
        self._highest: int | None = None

    def until(self, at: datetime, free: int, occupied: int, unknown: int) -> None:
        """Take that up to a time so many places were free, occupied and unknown."""
        if at <= self._since:
            return
        seconds = (at - self._since).total_seconds()
        self._since = at
        self._unknown += unknown * seconds
        if not free + occupied:
            return
        vacant = max(free - self._reserve, 0)
        self._known_s += seconds
        self._vacant += vacant * seconds
        self._occupied += occupied * seconds
        self._known += (free + occupied) * seconds
        self._lowest = vacant if self._lowest is None else min(self._lowest, vacant)
        self._highest = vacant if self._highest is None else max(self._highest, vacant)

    def bucket(self) -> Bucket:
        """Return the bucket up to the time that was told last."""
        seconds = (self._since - self._start).total_seconds()
        known_s = self._known_s
        return Bucket(
            self._start,
            self._vacant / known_s if known_s else None,
            self._lowest,
            self._highest,
            self._occupied / known_s if known_s else None,
            self._unknown / seconds,
            self._known / (self._known + self._unknown) if known_s else 0.0,
            min(known_s / seconds, 1.0),
        )


def steps(bay: BayPast, start: datetime, end: datetime) -> Iterator[Step]:
    """Yield the bay's state (free, occupied, unknown) at `start` and each change before `end`."""
    if len({seen.sensor for seen in bay.seen}) > 1:
        yield from _steps_together(bay, start, end)
        return
    state, known_until = _UNKNOWN, None
    first = 0
    while first < len(bay.seen) and bay.seen[first].at <= start:
        first += 1
    if first:
        newest = bay.seen[first - 1]
        known_until = newest.at + bay.heartbeat_limit
        state = _STATES[newest.reading] if known_until > start else _UNKNOWN
    yield Step(start, None, state)
    for seen in [*bay.seen[first:], None]:
        at = end if seen is None else min(seen.at, end)
        if known_until is not None and known_until < at and state != _UNKNOWN:
            yield Step(known_until, state, _UNKNOWN)
            state = _UNKNOWN
        if seen is None or seen.at >= end:
            return
        known_until = seen.at + bay.heartbeat_limit
        if _STATES[seen.reading] != state:
            yield Step(seen.at, state, _STATES[seen.reading])
            state = _STATES[seen.reading]


def _steps_together(bay: BayPast, start: datetime, end: datetime) -> Iterator[Step]:
    """Yield the same of a bay with several sensors."""
    state, is_told = _UNKNOWN, False
    for change in changes(bay.seen, limit=bay.heartbeat_limit, grace=bay.grace, until=end):
        after = _UNKNOWN if change.reading is None else _STATES[change.reading]
        if change.at > start:
            if not is_told:
                yield Step(start, None, state)
                is_told = True
            if after != state:
                yield Step(change.at, state, after)
        state = after
    if not is_told:
        yield Step(start, None, state)


def placed(
    bay: BayPast, usual: Place, start: datetime, end: datetime
) -> Iterator[tuple[datetime, Place, int]]:
    """Yield to which places the bay belongs and its state, at `start` and from each change on."""
    place = bay.shifts[0].place if bay.shifts else usual
    moves = [(shift.at, None, shift.place) for shift in bay.shifts[1:]]
    told: list[tuple[datetime, int | None, Place | None]] = [
        *moves,
        *((step.at, step.after, None) for step in steps(bay, start, end)),
    ]
    state = _UNKNOWN
    for at, sensed, moved in sorted(told, key=lambda each: each[0]):
        state = state if sensed is None else sensed
        place = place if moved is None else moved
        yield at, place, state

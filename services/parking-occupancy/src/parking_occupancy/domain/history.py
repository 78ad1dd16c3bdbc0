"""What a lot was over time: time-weighted counts per bucket, from the observations of its bays.

A bay is what its newest observation said, until the next one or until its heartbeat limit is over
(sign rule 5); so each bucket is a pure function of the observations, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from parking_occupancy.domain.bay import Reading

FINEST = timedelta(minutes=5)
WIDTHS = {
    "5m": FINEST,
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
}
"""Buckets begin at whole multiples of their width since 1970 (UTC)."""

_STATES = {Reading.FREE: 0, Reading.OCCUPIED: 1, Reading.SUSPECT: 2}
_UNKNOWN = 2


class Seen(NamedTuple):
    """One observation, as far as history needs it."""

    at: datetime
    reading: Reading


@dataclass(frozen=True, slots=True)
class BayPast:
    """A bay's observations in the order of time; the first may lie before the stretch asked for."""

    heartbeat_limit: timedelta
    seen: Sequence[Seen]


class Bucket(NamedTuple):
    """One lot in one stretch of time: means weighted by time, extremes of the places free.

    `completeness` is the share of bay time in which the bay's state was known, 0 to 1.
    """

    start: datetime
    free_mean: float
    free_min: int
    free_max: int
    occupied_mean: float
    unknown_mean: float
    completeness: float


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
    bays: Iterable[BayPast], *, start: datetime, end: datetime, reserve: int = 0
) -> list[Bucket]:
    """Return the finest buckets of a lot from `start` to before `end`, both on their borders."""
    bays = list(bays)
    changes = sorted(step for bay in bays for step in steps(bay, start, end))
    counts = [0, 0, 0]
    found, position = [], 0
    while start < end:
        following = start + FINEST
        meter = _Meter(counts, reserve)
        while position < len(changes) and changes[position].at < following:
            position = meter.apply(changes, position, start)
        found.append(meter.close(start, following))
        start = following
    return found


def merge(start: datetime, parts: Sequence[Bucket]) -> Bucket:
    """Return the bucket that equally long parts make up; the same as counting it anew."""
    count = len(parts)
    return Bucket(
        start,
        sum(part.free_mean for part in parts) / count,
        min(part.free_min for part in parts),
        max(part.free_max for part in parts),
        sum(part.occupied_mean for part in parts) / count,
        sum(part.unknown_mean for part in parts) / count,
        sum(part.completeness for part in parts) / count,
    )


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


class _Meter:
    """Integrates the counts over one bucket."""

    def __init__(self, counts: list[int], reserve: int) -> None:
        self._counts = counts
        self._reserve = reserve
        self._areas = [0.0, 0.0, 0.0, 0.0]
        self._since: datetime | None = None
        self._lowest: int | None = None
        self._highest = 0

    def apply(self, steps: Sequence[Step], position: int, start: datetime) -> int:
        """Take over all steps of one moment; return the position after them."""
        at = steps[position].at
        self._advance(at, start)
        while position < len(steps) and steps[position].at == at:
            step = steps[position]
            if step.before is not None:
                self._counts[step.before] -= 1
            self._counts[step.after] += 1
            position += 1
        return position

    def close(self, start: datetime, end: datetime) -> Bucket:
        """Return the bucket."""
        self._advance(end, start)
        seconds = (end - start).total_seconds()
        free, occupied, unknown, vacant = (area / seconds for area in self._areas)
        total = free + occupied + unknown
        return Bucket(
            start,
            vacant,
            self._lowest or 0,
            self._highest,
            occupied,
            unknown,
            (free + occupied) / total if total else 0.0,
        )

    def _advance(self, until: datetime, start: datetime) -> None:
        since = self._since or start
        self._since = until
        if until <= since:
            return
        seconds = (until - since).total_seconds()
        vacant = max(self._counts[0] - self._reserve, 0)
        for index, count in enumerate((*self._counts, vacant)):
            self._areas[index] += count * seconds
        self._lowest = vacant if self._lowest is None else min(self._lowest, vacant)
        self._highest = max(self._highest, vacant)


def steps(bay: BayPast, start: datetime, end: datetime) -> Iterator[Step]:
    """Yield the bay's state (free, occupied, unknown) at `start` and each change before `end`."""
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

"""What a lot with gates was over time: the same rules as now, applied to its log.

A pure function of balance, entries and observations of bays, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from parking_occupancy.domain.balance import Balance, Balancing, Entry, key_of, take
from parking_occupancy.domain.counted_lot import Sensed, on_general_places, silent_at
from parking_occupancy.domain.history import FINEST, BayPast, Bucket, steps


class KindPast(NamedTuple):
    """A bay's past, and whether the bay is of the general group."""

    past: BayPast
    general: bool


class Stretch(NamedTuple):
    """A stretch of time, both ends on borders of the finest buckets."""

    begin: datetime
    end: datetime


class _BayStep(NamedTuple):
    at: datetime
    general: bool
    before: int | None
    after: int


class Level(NamedTuple):
    """Places of the general group from a time on."""

    at: datetime
    free: int
    occupied: int
    unknown: int


@dataclass(slots=True)
class _Bays:
    """Sensed bays by state: free, occupied, unknown."""

    general: list[int] = field(default_factory=lambda: [0, 0, 0])
    other: list[int] = field(default_factory=lambda: [0, 0, 0])

    def take(self, step: _BayStep) -> None:
        counts = self.general if step.general else self.other
        if step.before is not None:
            counts[step.before] -= 1
        counts[step.after] += 1

    def sensed(self) -> Sensed:
        return Sensed(
            general_free=self.general[0],
            general_occupied=self.general[1],
            other=sum(self.other),
            other_occupied=self.other[1],
            other_unknown=self.other[2],
        )


def counted_buckets(
    rules: Balancing,
    before: Balance,
    entries: Iterable[Entry],
    *,
    bays: Iterable[KindPast],
    stretch: Stretch,
    reserve: int = 0,
) -> list[Bucket]:
    """Return the finest buckets of a lot in a stretch.

    `before` is the balance after all entries before it, `entries` are those in it.
    """
    levels = list(_levels(rules, before, _things(entries, bays, stretch), stretch))
    found, start = [], stretch.begin
    while start < stretch.end:
        following = start + FINEST
        inside = [level for level in levels if level.at < following]
        earlier = [level for level in inside if level.at <= start]
        relevant = [*earlier[-1:], *inside[len(earlier) :]]
        found.append(_bucket(relevant, start, following, reserve))
        levels = levels[max(len(inside) - 1, 0) :]
        start = following
    return found


def _things(
    entries: Iterable[Entry], bays: Iterable[KindPast], stretch: Stretch
) -> list[tuple[datetime, Entry | _BayStep]]:
    """Return all that happened, in the order of time; of one moment bays first."""
    seen: list[tuple[datetime, Entry | _BayStep]] = [
        (step.at, _BayStep(step.at, bay.general, step.before, step.after))
        for bay in bays
        for step in steps(bay.past, stretch.begin, stretch.end)
    ]
    counted = [(key_of(entry)[0], entry) for entry in sorted(entries, key=key_of)]
    return sorted([*seen, *counted], key=lambda thing: thing[0])


def _levels(
    rules: Balancing,
    balance: Balance,
    things: Iterable[tuple[datetime, Entry | _BayStep]],
    stretch: Stretch,
) -> Iterator[Level]:
    """Yield what the lot was at the beginning and after each change."""
    seen, at = _Bays(), stretch.begin
    for moment, thing in things:
        if moment > at:
            yield from _until(rules, balance, seen.sensed(), Stretch(at, moment))
            at = moment
        if isinstance(thing, _BayStep):
            seen.take(thing)
        else:
            balance = take(rules, balance, thing).balance
    yield from _until(rules, balance, seen.sensed(), Stretch(at, stretch.end))


def _until(rules: Balancing, balance: Balance, sensed: Sensed, stretch: Stretch) -> Iterator[Level]:
    """Yield what the lot was in a stretch in which nothing but silence began."""
    yield _level(rules, balance, sensed, stretch.begin)
    silence = silent_at(rules, balance)
    if silence is not None and stretch.begin < silence < stretch.end:
        yield _level(rules, balance, sensed, silence)


def _level(rules: Balancing, balance: Balance, sensed: Sensed, at: datetime) -> Level:
    capacity = max(rules.capacity - sensed.other, 0)
    general = on_general_places(rules, balance, sensed, at)
    if general is None:
        free, occupied = sensed.general_free, sensed.general_occupied
        return Level(at, free, occupied, max(capacity - free - occupied, 0))
    return Level(at, capacity - general.likely, general.likely, 0)


def _bucket(levels: Sequence[Level], start: datetime, end: datetime, reserve: int) -> Bucket:
    areas = [0.0, 0.0, 0.0, 0.0]
    vacancies = []
    borders = [*(max(level.at, start) for level in levels[1:]), end]
    begin = start
    for level, until in zip(levels, borders, strict=True):
        vacant = max(level.free - reserve, 0)
        seconds = (until - begin).total_seconds()
        begin = until
        if seconds > 0:
            vacancies.append(vacant)
            for index, places in enumerate((level.free, level.occupied, level.unknown, vacant)):
                areas[index] += places * seconds
    free, occupied, unknown, vacant_mean = (area / (end - start).total_seconds() for area in areas)
    total = free + occupied + unknown
    return Bucket(
        start,
        vacant_mean,
        min(vacancies),
        max(vacancies),
        occupied,
        unknown,
        (free + occupied) / total if total else 0.0,
    )

# SPDX-License-Identifier: EUPL-1.2
"""What a lot with gates was over time: the same rules as now, applied to its log.

A pure function of balance, entries and observations of bays, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from parking_occupancy.domain.balance import Balance, Balancing, Entry, key_of, take
from parking_occupancy.domain.counted_lot import Sensed, inside, on_general_places, silent_at
from parking_occupancy.domain.flow import Flow, FlowMeter, Level, Passing, Vacant
from parking_occupancy.domain.gate import GateCount
from parking_occupancy.domain.history import FINEST, BayPast, Bucket, Meter, placed
from parking_occupancy.domain.places import Place


class KindPast(NamedTuple):
    """A bay's past, and for whom it is where its shifts say nothing: everybody, or a person."""

    past: BayPast
    general: bool
    personal: bool = False

    @property
    def usual(self) -> Place:
        """Return to which places the bay belongs where its shifts say nothing."""
        if self.general:
            return Place.GENERAL
        return Place.PERSONAL if self.personal else Place.OTHER


class Stretch(NamedTuple):
    """A stretch of time, both ends on borders of the finest buckets."""

    begin: datetime
    end: datetime


_UNKNOWN = 2
_Stands = tuple[Place, int]


class _BayStep(NamedTuple):
    at: datetime
    before: _Stands | None
    after: _Stands


class CountedBucket(NamedTuple):
    """A bucket of a lot's history, and what passed its gates in it."""

    bucket: Bucket
    flow: Flow


@dataclass(slots=True)
class _Bays:
    """Sensed bays by place and state: free, occupied, unknown."""

    counts: dict[Place, list[int]] = field(
        default_factory=lambda: {place: [0, 0, 0] for place in Place}
    )

    def take(self, step: _BayStep) -> None:
        if step.before is not None:
            place, state = step.before
            self.counts[place][state] -= 1
        place, state = step.after
        self.counts[place][state] += 1

    def sensed(self) -> Sensed:
        general, other = self.counts[Place.GENERAL], self.counts[Place.OTHER]
        personal = self.counts[Place.PERSONAL][_UNKNOWN]
        return Sensed(
            general_free=general[0],
            general_occupied=general[1],
            general_out=sum(self.counts[Place.GENERAL_OUT]),
            other=sum(other) + personal + sum(self.counts[Place.OTHER_OUT]),
            other_occupied=other[1],
            other_unknown=other[2] + personal,
        )


def counted_buckets(
    rules: Balancing,
    before: Balance,
    entries: Iterable[Entry],
    *,
    bays: Iterable[KindPast],
    stretch: Stretch,
    reserve: int = 0,
) -> list[CountedBucket]:
    """Return the finest buckets of a lot in a stretch.

    `before` is the balance after all entries before it, `entries` are those in it.
    """
    fold = _Fold(rules, before, stretch.begin, reserve)
    for moment, thing in _things(entries, bays, stretch):
        fold.until(moment)
        fold.take(thing)
    fold.until(stretch.end)
    return fold.found


def _things(
    entries: Iterable[Entry], bays: Iterable[KindPast], stretch: Stretch
) -> list[tuple[datetime, Entry | _BayStep]]:
    """Return all that happened, in the order of time; of one moment bays first."""
    seen: list[tuple[datetime, Entry | _BayStep]] = [
        (step.at, step) for bay in bays for step in _steps(bay, stretch)
    ]
    counted = [(key_of(entry)[0], entry) for entry in sorted(entries, key=key_of)]
    return sorted([*seen, *counted], key=lambda thing: thing[0])


def _steps(bay: KindPast, stretch: Stretch) -> Iterator[_BayStep]:
    before: _Stands | None = None
    for at, place, state in placed(bay.past, bay.usual, stretch.begin, stretch.end):
        # What is sensed of a person's bay would show in the lot.
        after = place, _UNKNOWN if place is Place.PERSONAL else state
        if after != before:
            yield _BayStep(at, before, after)
        before = after


class _Fold:
    """Goes through what happened in the order of time, and closes buckets on the way."""

    def __init__(self, rules: Balancing, balance: Balance, begin: datetime, reserve: int) -> None:
        self.found: list[CountedBucket] = []
        self._rules, self._balance, self._reserve = rules, balance, reserve
        self._bays, self._at = _Bays(), begin
        self._stands: Level | None = None
        self._open(begin)

    def _open(self, start: datetime) -> None:
        self._end = start + FINEST
        self._meter = Meter(start, self._reserve)
        self._flow = FlowMeter(start)

    def until(self, moment: datetime) -> None:
        """Let time pass in which nothing but silence began."""
        while self._at < moment:
            stop, silence = min(moment, self._end), silent_at(self._rules, self._balance)
            if silence is not None and self._at < silence < stop:
                stop = silence
            level = self._level()
            if stop == silence:
                self._stands = None
            self._meter.until(stop, level.free, level.occupied, level.unknown)
            self._flow.stand(level, (stop - self._at).total_seconds())
            self._at = stop
            if stop == self._end:
                self.found.append(CountedBucket(self._meter.bucket(), self._flow.flow()))
                self._open(stop)

    def take(self, thing: Entry | _BayStep) -> None:
        """Take what happened at the time that was reached."""
        if isinstance(thing, _BayStep):
            self._bays.take(thing)
            self._stands = None
            return
        before = self._balance
        taken = take(self._rules, before, thing)
        if isinstance(thing, GateCount) and (taken.passed.total or taken.uncounted.total):
            told = Passing(taken.passed, taken.uncounted, self._since(thing, before))
            self._flow.pass_by(self._level(), told, simulated=thing.simulated)
        self._balance, self._stands = taken.balance, None

    def _since(self, count: GateCount, before: Balance) -> datetime:
        """Return since when what a message tells may have passed."""
        track = before.gates.get(count.gate)
        if track is not None and before.simulated == count.simulated:
            return track.heard_at
        return count.observed_at - self._rules.gates[count.gate].heartbeat_limit

    def _level(self) -> Level:
        """Return what the lot is at the time that was reached, which changes only now and then."""
        if self._stands is None:
            self._stands = self._assess()
        return self._stands

    def _assess(self) -> Level:
        rules, balance, sensed = self._rules, self._balance, self._bays.sensed()
        capacity = max(rules.capacity - sensed.other, 0)
        general = on_general_places(rules, balance, sensed, self._at)
        if general is None:
            free, occupied = sensed.general_free, sensed.general_occupied
            unknown = max(capacity - sensed.general_out - free - occupied, 0)
            return Level(capacity, free, occupied, unknown)
        # Those who look for a place in a full lot are inside as well.
        over = max(balance.count - rules.capacity, 0)
        usable = capacity - min(sensed.general_out, capacity)
        return Level(
            capacity,
            max(usable - general.likely, 0),
            general.likely,
            0,
            Vacant(
                usable - general.highest - over,
                usable - general.likely - over,
                usable - general.lowest - over,
            ),
            inside(rules, balance, most=rules.most),
        )

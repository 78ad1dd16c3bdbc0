# SPDX-License-Identifier: EUPL-1.2
"""Who boarded and alighted at each stop of a trip, and the load on departure; pure.

Once a trip is over and the vehicle was known to be empty before and after it, its stops are made
to add up: who boarded and alighted, doors' usual misses taken off, and the load between.

A door's message belongs to the last stop that the vehicle had reached by then. What doors tell
between the last stop of a trip and the first departure of the next is both: those who alight
belong to the trip before, those who board to the one after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from vehicle_occupancy.domain.load.counter import hear
from vehicle_occupancy.domain.load.doors import DoorTrack
from vehicle_occupancy.domain.load.estimate import LoadEstimate, estimate
from vehicle_occupancy.domain.load.level import LevelRules
from vehicle_occupancy.domain.load.reading import DoorCount, Passed, Reading
from vehicle_occupancy.domain.load.reconcile import Counted, Reconciled, StopLoad, reconcile
from vehicle_occupancy.domain.load.track import Track, begin, finish, flows_at, take
from vehicle_occupancy.domain.load.vehicle import Door, VehicleRules
from vehicle_occupancy.domain.vehicle import Vehicle
from vehicle_occupancy.domain.visits.progress import Progress


@dataclass(frozen=True, slots=True)
class StopVisit:
    """One call as it was; boarded and alighted as doors counted, null where none was heard.

    `load` is what was known on departure, `reconciled` what is known once the trip is over.
    """

    index: int
    arrived_at: datetime
    departed_at: datetime
    boarded: int | None
    alighted: int | None
    load: LoadEstimate | None
    reconciled: StopLoad | None = None


class Visited(NamedTuple):
    """The stops of a trip, and how many persons its counts had too many, once that is known."""

    stops: list[StopVisit]
    imbalance: float | None = None


@dataclass(slots=True)
class _At:
    boarded: int = 0
    alighted: int = 0


@dataclass(slots=True)
class _Fold:
    """What folding a trip's readings shows, by the index of its stops."""

    counted: dict[int, _At] = field(default_factory=dict)
    loads: dict[int, LoadEstimate] = field(default_factory=dict)
    flows: dict[int, Counted] = field(default_factory=dict)
    emptied: list[datetime] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Course:
    """A trip as it was driven, and from when to when doors' messages are of it.

    Its halts at both terminals may be those of the trip before and after it too: then until
    `boards_only_until` it has those who board, and from `alights_only_from` on those who alight.
    """

    progress: Progress
    calls: int
    begin: datetime
    end: datetime
    boards_only_until: datetime | None = None
    alights_only_from: datetime | None = None


NOTHING = Counted(0.0, 0.0)
AROUND = timedelta(minutes=2)
"""So much earlier or later than the vehicle was there a trip may be told."""


def visits(
    vehicle: Vehicle,
    levels: LevelRules,
    course: Course,
    track: Track | None,
    readings: Sequence[Reading],
    now: datetime,
) -> Visited:
    """Return the stops reached by now; `readings` are in order, from where `track` ends on."""
    until = now
    if course.progress.known_until is not None:
        until = min(until, course.progress.known_until)
    known = [each for each in readings if each.observed_at < min(course.end, now)]
    folded = _folded(vehicle, levels, course, track, known)
    found = []
    for index in range(course.calls):
        reached, left = course.progress.reached(index), course.progress.left(index)
        if reached > until:
            break
        at = folded.counted.get(index)
        leaves = index < course.calls - 1 and left <= until
        found.append(
            StopVisit(
                index,
                reached,
                left,
                at.boarded if at else None,
                at.alighted if at else None,
                folded.loads.get(index) if leaves else None,
            )
        )
    balanced = _reconciled(vehicle, course, folded, len(found))
    if balanced is None:
        return Visited(found)
    stops = zip(found, balanced.stops, strict=True)
    return Visited([replace(each, reconciled=one) for each, one in stops], balanced.imbalance)


def _reconciled(vehicle: Vehicle, course: Course, folded: _Fold, reached: int) -> Reconciled | None:
    """Return the stops of a trip that is over, if the vehicle was empty before and after it."""
    if reached < course.calls or not folded.flows:
        return None
    begins = course.progress.left(0) + AROUND
    ends = course.progress.reached(course.calls - 1) - AROUND
    if not any(course.begin - AROUND <= each <= begins for each in folded.emptied):
        return None
    if not any(each >= ends for each in folded.emptied):
        return None
    counts = [folded.flows.get(index, NOTHING) for index in range(course.calls)]
    return reconcile(counts, most=vehicle.rules.most)


def _folded(
    vehicle: Vehicle,
    levels: LevelRules,
    course: Course,
    track: Track | None,
    readings: Sequence[Reading],
) -> _Fold:
    """Fold the readings stop by stop; the load of a stop is that before the next one's first."""
    rules, progress = vehicle.rules, course.progress
    now, found = track or begin(rules), _Fold()
    waiting = list(range(course.calls))
    for reading in readings:
        at = reading.observed_at
        while waiting and waiting[0] < progress.index_at(at):
            index = waiting.pop(0)
            found.loads[index] = estimate(rules, now, min(progress.left(index), at), levels)
        if isinstance(reading, DoorCount) and at >= course.begin:
            _attribute(found.counted, course, at, _passed(now, reading))
        if now.newest is not None and now.simulated != reading.simulated:
            if reading.simulated:
                continue  # what is real stays real for good
            now = begin(rules)
        after = take(rules, now, reading, levels).track
        if after.stop is None or now.stop is None or after.stop.began_at != now.stop.began_at:
            _finished(rules, found, course, now, after)
        now = after
    _finished(rules, found, course, now, finish(rules, now, levels).track)
    for index in waiting:
        found.loads[index] = estimate(rules, now, progress.left(index), levels)
    return found


def _finished(
    rules: VehicleRules, found: _Fold, course: Course, before: Track, after: Track
) -> None:
    """Note who passed at a stop that is over, and whether the vehicle was empty there."""
    if after.emptied_at is not None and after.emptied_at != before.emptied_at:
        found.emptied.append(after.emptied_at)
    stop = before.stop
    if stop is None or not stop.flows or stop.began_at < course.begin:
        return
    flows, at = flows_at(rules, before, stop), stop.began_at
    boards = course.alights_only_from is None or at < course.alights_only_from
    alights = course.boards_only_until is None or at >= course.boards_only_until
    index = course.progress.index_at(at)
    here = Counted(
        flows.boarded * boards,
        flows.alighted * alights,
        flows.boarded_variance * boards,
        flows.alighted_variance * alights,
    )
    found.flows[index] = found.flows.get(index, NOTHING).plus(here)


def _passed(track: Track, count: DoorCount) -> Passed | None:
    """Return the persons of a door's message as counted; None where it cannot be used."""
    known = track.doors.get(count.door, DoorTrack())
    heard = hear(Door(count.door), known.counter, count)
    return heard.passed if heard.usable else None


def _attribute(
    counted: dict[int, _At], course: Course, at: datetime, passed: Passed | None
) -> None:
    if passed is None:
        return
    index = course.progress.index_at(at)
    here = counted.setdefault(index, _At())
    if course.alights_only_from is None or at < course.alights_only_from:
        here.boarded += passed.boarded
    if course.boards_only_until is None or at >= course.boards_only_until:
        here.alighted += passed.alighted

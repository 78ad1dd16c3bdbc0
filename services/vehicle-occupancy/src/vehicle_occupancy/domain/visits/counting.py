"""Who boarded and alighted at each stop of a trip, and the load on departure; pure.

A door's message belongs to the last stop that the vehicle had reached by then. What doors tell
between the last stop of a trip and the first departure of the next is both: those who alight
belong to the trip before, those who board to the one after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vehicle_occupancy.domain.load.counter import hear
from vehicle_occupancy.domain.load.doors import DoorTrack
from vehicle_occupancy.domain.load.estimate import LoadEstimate, estimate
from vehicle_occupancy.domain.load.level import LevelRules
from vehicle_occupancy.domain.load.reading import DoorCount, Passed, Reading
from vehicle_occupancy.domain.load.track import Track, begin, take
from vehicle_occupancy.domain.load.vehicle import Door
from vehicle_occupancy.domain.vehicle import Vehicle
from vehicle_occupancy.domain.visits.progress import Progress


@dataclass(frozen=True, slots=True)
class StopVisit:
    """One call as it was; boarded and alighted as doors counted, null where none was heard."""

    index: int
    arrived_at: datetime
    departed_at: datetime
    boarded: int | None
    alighted: int | None
    load: LoadEstimate | None


@dataclass(slots=True)
class _At:
    boarded: int = 0
    alighted: int = 0


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


def visits(
    vehicle: Vehicle,
    levels: LevelRules,
    course: Course,
    track: Track | None,
    readings: Sequence[Reading],
    now: datetime,
) -> list[StopVisit]:
    """Return the stops reached by now; `readings` are in order, from where `track` ends on."""
    until = now
    if course.progress.known_until is not None:
        until = min(until, course.progress.known_until)
    known = [each for each in readings if each.observed_at < min(course.end, now)]
    counted, loads = _folded(vehicle, levels, course, track, known)
    found = []
    for index in range(course.calls):
        reached, left = course.progress.reached(index), course.progress.left(index)
        if reached > until:
            break
        at = counted.get(index)
        leaves = index < course.calls - 1 and left <= until
        found.append(
            StopVisit(
                index,
                reached,
                left,
                at.boarded if at else None,
                at.alighted if at else None,
                loads.get(index) if leaves else None,
            )
        )
    return found


def _folded(
    vehicle: Vehicle,
    levels: LevelRules,
    course: Course,
    track: Track | None,
    readings: Sequence[Reading],
) -> tuple[Mapping[int, _At], Mapping[int, LoadEstimate]]:
    """Fold the readings stop by stop; the load of a stop is that before the next one's first."""
    rules, progress = vehicle.rules, course.progress
    now = track or begin(rules)
    counted: dict[int, _At] = {}
    loads: dict[int, LoadEstimate] = {}
    waiting = list(range(course.calls))
    for reading in readings:
        at = reading.observed_at
        while waiting and waiting[0] < progress.index_at(at):
            index = waiting.pop(0)
            loads[index] = estimate(rules, now, min(progress.left(index), at), levels)
        if isinstance(reading, DoorCount) and at >= course.begin:
            _attribute(counted, course, at, _passed(now, reading))
        if now.newest is not None and now.simulated != reading.simulated:
            if reading.simulated:
                continue  # what is real stays real for good
            now = begin(rules)
        now = take(rules, now, reading, levels).track
    for index in waiting:
        loads[index] = estimate(rules, now, progress.left(index), levels)
    return counted, loads


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

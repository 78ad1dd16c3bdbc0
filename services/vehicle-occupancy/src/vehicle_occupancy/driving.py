# SPDX-License-Identifier: EUPL-1.2
"""Trips as a vehicle drove them one after the other, each with its neighbours' halts at terminals."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vehicle_occupancy.domain.along import distances_along
from vehicle_occupancy.domain.reading import Assignment, Position
from vehicle_occupancy.domain.timetable import DayTimetable, Trip, TripId
from vehicle_occupancy.domain.visits.anchors import from_assignments, from_positions
from vehicle_occupancy.domain.visits.counting import Course
from vehicle_occupancy.domain.visits.progress import Progress, Timing
from vehicle_occupancy.domain.visits.served import Served

LONGEST_HALT = timedelta(minutes=30)
"""After a longer one the trip before has nothing to do with who boards."""
ALONE = timedelta(minutes=10)
TOLD_LATE = timedelta(seconds=30)
"""So long after a vehicle left, its doors may tell of the stop."""


@dataclass(frozen=True, slots=True)
class Driven:
    """A trip of the timetable as it was driven."""

    served: Served
    day: DayTimetable
    trip: Trip
    course: Course
    timing: Timing


def courses(
    served: Sequence[Served],
    days: Mapping[str, DayTimetable | None],
    positions: Sequence[Position],
    told: Sequence[Assignment],
) -> list[Driven]:
    """Return the trips that the timetable knows, in order."""
    known = [
        (each, day, trip)
        for each in served
        if (day := days.get(each.trip.start_date)) is not None
        and (trip := day.trips.get(TripId(each.trip.trip_id))) is not None
    ]
    ways = [_progress(each, day, trip, positions, told) for each, day, trip in known]
    found = []
    for index, (each, day, trip) in enumerate(known):
        before = (known[index - 1], ways[index - 1]) if index else None
        after = (known[index + 1], ways[index + 1]) if index + 1 < len(known) else None
        own = ways[index]
        arrived = _arrival(before, each.begun_at)
        leaves = _departure(after, each.ended_at)
        last = len(trip.stop_times) - 1
        course = Course(
            own,
            len(trip.stop_times),
            begin=arrived or each.begun_at - ALONE,
            end=leaves or each.ended_at + ALONE,
            boards_only_until=own.left(0) + TOLD_LATE if arrived else None,
            alights_only_from=own.reached(last) if leaves else None,
        )
        found.append(Driven(each, day, trip, course, own.timing))
    return found


def _arrival(
    before: tuple[tuple[Served, DayTimetable, Trip], Progress] | None, begun_at: datetime
) -> datetime | None:
    """Return when the trip before came to its end, if that was shortly before."""
    if before is None:
        return None
    (served, _, trip), progress = before
    if begun_at - served.ended_at > LONGEST_HALT:
        return None
    return progress.reached(len(trip.stop_times) - 1)


def _departure(
    after: tuple[tuple[Served, DayTimetable, Trip], Progress] | None, ended_at: datetime
) -> datetime | None:
    """Return when the trip after has left, if it began shortly after."""
    if after is None or after[0][0].begun_at - ended_at > LONGEST_HALT:
        return None
    return after[1].left(0) + TOLD_LATE


def _progress(
    served: Served,
    day: DayTimetable,
    trip: Trip,
    positions: Sequence[Position],
    told: Sequence[Assignment],
) -> Progress:
    pattern = day.patterns[trip.pattern_id]
    places = [day.stops[stop_id].place for stop_id in pattern.stop_ids]
    stops_m = distances_along(pattern.way, places)
    first = bisect_left(positions, served.begun_at, key=lambda each: each.observed_at)
    last = bisect_left(positions, served.ended_at, key=lambda each: each.observed_at)
    course = [
        (day.at(call.arrival_s), along)
        for call, along in zip(trip.stop_times, stops_m, strict=True)
    ]
    anchors = list(from_positions(pattern.way, positions[first:last], course))
    if not anchors:
        own = [each for each in told if served.begun_at <= each.observed_at < served.ended_at]
        anchors = list(from_assignments(trip, stops_m, own))
    return Progress(trip, stops_m, day.service_day, anchors)

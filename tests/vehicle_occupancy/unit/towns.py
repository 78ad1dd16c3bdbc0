# SPDX-License-Identifier: EUPL-1.2
"""A small timetable: one line back and forth through three stops, every ten minutes."""

from __future__ import annotations

from datetime import UTC, date, tzinfo

from vehicle_occupancy.domain.geometry import Line, Place
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.domain.timetable import (
    DayTimetable,
    LineName,
    Pattern,
    Stop,
    StopId,
    StopTime,
    Trip,
    TripId,
)

PLACES = {"a": Place(51.48, 11.90), "b": Place(51.48, 11.92), "c": Place(51.49, 11.95)}
LINE = LineName("7")


def a_stop(stop_id: str) -> Stop:
    return Stop(StopId(stop_id), stop_id.upper(), PLACES[stop_id])


def a_pattern(direction: int) -> Pattern:
    names = "abc" if direction == 0 else "cba"
    way = Line([PLACES[name] for name in names])
    stop_ids = tuple(StopId(name) for name in names)
    return Pattern(direction + 1, LINE, direction, 0, stop_ids, way.along_m, way)


def a_trip(number: int, direction: int, begin_s: int) -> Trip:
    pattern = a_pattern(direction)
    calls = tuple(
        StopTime(stop_id, index + 1, begin_s + index * 300, begin_s + index * 300 + 30, distance)
        for index, (stop_id, distance) in enumerate(
            zip(pattern.stop_ids, pattern.distances_m, strict=True)
        )
    )
    trip_id = TripId(f"{direction}-{number}")
    return Trip(trip_id, LINE, direction, "", f"block-{number % 2}", pattern.pattern_id, calls)


def a_day(day: date = date(2026, 11, 26), zone: tzinfo = UTC, trips: int = 6) -> DayTimetable:
    driven = [
        a_trip(number, direction, 3600 * 8 + 600 * number + 900 * direction)
        for number in range(trips)
        for direction in (0, 1)
    ]
    return DayTimetable(
        version_id=1,
        service_day=ServiceDay(day, zone),
        trips={trip.trip_id: trip for trip in driven},
        patterns={each.pattern_id: each for each in (a_pattern(0), a_pattern(1))},
        stops={StopId(name): a_stop(name) for name in PLACES},
    )

# SPDX-License-Identifier: EUPL-1.2
"""When vehicles are said to leave their first stop, against the simulator's truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from stadttakt_messages.base import VehicleId
from stadttakt_simulators.transit.reports import AssignmentReport, PositionReport, StopTruth
from stadttakt_simulators.transit.timetable import Timetable, load_timetable
from stadttakt_simulators.transit.town import Service, TransitDay
from vehicle_occupancy.domain.geometry import Line, Place
from vehicle_occupancy.domain.reading import Assignment, Position
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
from vehicle_occupancy.domain.visits.served import assigned
from vehicle_occupancy.driving import courses

DEMO = Path(__file__).parents[3] / "deploy/cities/halle/transit/demo-gtfs"
DAY, ZONE = date(2026, 11, 24), ZoneInfo("Europe/Berlin")
LOOK_EVERY = timedelta(seconds=15)


def of_simulator(timetable: Timetable) -> DayTimetable:
    """The simulator's timetable as the service reads it, ways as the crow flies."""
    stops = {
        stop_id: Stop(StopId(stop_id), stop_id, Place(each.lat, each.lon))
        for stop_id, each in timetable.stops.items()
    }
    patterns: dict[tuple[str, ...], Pattern] = {}
    trips = {}
    for trip in timetable.trips:
        names = tuple(call.stop_id for call in trip.calls)
        if names not in patterns:
            way = Line([stops[StopId(name)].place for name in names])
            ids = tuple(StopId(name) for name in names)
            number, line = len(patterns), LineName(trip.line)
            patterns[names] = Pattern(number, line, trip.direction, 0, ids, way.along_m, way)
        pattern = patterns[names]
        calls = tuple(
            StopTime(StopId(call.stop_id), number, call.arrival_s, call.departure_s, along)
            for number, (call, along) in enumerate(
                zip(trip.calls, pattern.distances_m, strict=True), start=1
            )
        )
        found = TripId(trip.trip_id)
        trips[found] = Trip(
            found, pattern.line, trip.direction, "", None, pattern.pattern_id, calls
        )
    by_id = {each.pattern_id: each for each in patterns.values()}
    service_day = ServiceDay(timetable.day, ZONE)
    return DayTimetable(
        1, service_day, trips, by_id, {each.stop_id: each for each in stops.values()}
    )


@dataclass
class Heard:
    """What a vehicle said on a day, and when it really left its terminals."""

    told: list[Assignment] = field(default_factory=list)
    places: list[Position] = field(default_factory=list)
    left: dict[str, datetime] = field(default_factory=dict)


def heard(day: TransitDay, number: int) -> Heard:
    found, vehicle_id = Heard(), VehicleId("tram")
    for n, delivered in enumerate(day.of_vehicle(number)):
        each = delivered.event
        if isinstance(each, AssignmentReport):
            found.told.append(
                Assignment(
                    event_id=str(n),
                    vehicle_id=vehicle_id,
                    observed_at=each.at,
                    trip_id=each.trip_id,
                    start_date=each.start_date,
                    stop_id=each.stop_id,
                    valid_until=each.valid_until,
                )
            )
        elif isinstance(each, PositionReport):
            found.places.append(
                Position(
                    event_id=str(n),
                    vehicle_id=vehicle_id,
                    observed_at=each.at,
                    lat=each.lat,
                    lon=each.lon,
                )
            )
        elif isinstance(each, StopTruth) and each.sequence == 1:
            found.left[each.trip_id] = each.at
    return found


def first_seen_to_leave(position_every_s: float | None) -> Iterator[float]:
    """By how many seconds a vehicle is first said to have left its terminal after it really did."""
    timetable = load_timetable(DEMO, DAY, ZONE)
    known = {f"{DAY:%Y%m%d}": of_simulator(timetable)}
    day = TransitDay(timetable, Service(7, most_vehicles=4, position_every_s=position_every_s))
    for number in range(len(day.rides)):
        said = heard(day, number)
        for trip_id, at in said.left.items():
            for looks in range(-8, 40):
                now = at + looks * LOOK_EVERY
                left = left_first_stop(said, known, trip_id, now)
                if left is not None and left <= now:
                    yield (left - at).total_seconds()
                    break


def left_first_stop(
    said: Heard, known: dict[str, DayTimetable], trip_id: str, now: datetime
) -> datetime | None:
    """When a vehicle left the first stop of its trip, as one would say at a time."""
    told = [each for each in said.told if each.observed_at <= now]
    served = assigned(told, now)[-1:]
    places = [p for p in said.places if now - timedelta(hours=1) < p.observed_at <= now]
    driven = courses(served, known, places, told[-1:])
    return (
        driven[0].course.progress.left(0) if driven and driven[0].trip.trip_id == trip_id else None
    )


@pytest.mark.parametrize("position_every_s", [15.0, None])
def test_who_waits_at_the_terminal_is_not_said_to_have_left_it(
    position_every_s: float | None,
) -> None:
    late = list(first_seen_to_leave(position_every_s))
    assert len(late) > 100
    assert min(late) >= 0
    assert median(late) < 20

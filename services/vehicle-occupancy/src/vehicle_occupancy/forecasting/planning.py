# SPDX-License-Identifier: EUPL-1.2
"""What of a timetable is forecast: the trips of a service day, with their ways between stops."""

from __future__ import annotations

from itertools import pairwise

from vehicle_occupancy.domain.forecast.past import PlannedTrip
from vehicle_occupancy.domain.timetable import DayTimetable, Trip


def planned_trips(day: DayTimetable) -> list[PlannedTrip]:
    """Return the trips of a day that go anywhere."""
    return [_planned(trip, day) for trip in day.trips.values() if len(trip.stop_times) > 1]


def _planned(trip: Trip, day: DayTimetable) -> PlannedTrip:
    calls = trip.stop_times
    return PlannedTrip(
        trip_id=trip.trip_id,
        line=trip.line,
        direction=trip.direction,
        stop_ids=tuple(call.stop_id for call in calls[:-1]),
        departures_s=tuple(call.departure_s for call in calls[:-1]),
        to_next_m=tuple(
            max(0.0, after.distance_m - call.distance_m) for call, after in pairwise(calls)
        ),
        last_stop_id=calls[-1].stop_id,
        block_id=trip.block_id,
        mode=day.patterns[trip.pattern_id].mode,
        simulated=day.simulated,
    )

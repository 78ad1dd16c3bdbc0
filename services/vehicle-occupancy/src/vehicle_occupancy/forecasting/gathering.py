# SPDX-License-Identifier: EUPL-1.2
"""Makes the history of loads per trip and day from stops as they were counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from vehicle_occupancy.domain.forecast.past import Holds, PlannedTrip, TripLoad
from vehicle_occupancy.storage import forecast_history, forecast_visits
from vehicle_occupancy.storage.forecast_visits import Counted


async def gather(
    connection: Any,
    day: date,
    planned: Mapping[str, PlannedTrip],
    *,
    since: datetime | None = None,
) -> int:
    """Store the loads of a service day's trips; returns how many trips.

    Trips that the day's timetable does not know are left out. With `since` only trips of which
    something was counted from then on.
    """
    counted = await forecast_visits.counted(connection, day, since=since)
    found = list(trip_loads(day, counted, planned))
    await forecast_history.store(connection, found)
    return len(found)


def trip_loads(
    day: date, counted: Iterable[Counted], planned: Mapping[str, PlannedTrip]
) -> Iterable[TripLoad]:
    """Yield the loads of trips; stops come trip by trip."""
    for trip_id, stops in groupby(counted, key=attrgetter("trip_id")):
        trip, found = planned.get(trip_id), list(stops)
        if trip is None:
            continue
        loads: list[float | None] = [None] * len(trip.stop_ids)
        for stop in found:
            if stop.call_index < len(loads):
                loads[stop.call_index] = stop.load
        # of vehicles that took turns the one that made most of the way
        vehicle_id = Counter(stop.vehicle_id for stop in found).most_common(1)[0][0]
        of_vehicle = next(stop for stop in found if stop.vehicle_id == vehicle_id)
        yield TripLoad(
            day=day,
            trip_id=trip_id,
            line=trip.line,
            direction=trip.direction,
            stop_ids=trip.stop_ids,
            departures_s=trip.departures_s,
            to_next_m=trip.to_next_m,
            last_stop_id=trip.last_stop_id,
            loads=tuple(loads),
            vehicle_id=vehicle_id,
            holds=_holds(of_vehicle),
            simulated=any(stop.simulated for stop in found),
        )


def _holds(stop: Counted) -> Holds | None:
    if stop.seats is None or stop.standing is None:
        return None
    return Holds(stop.seats, stop.standing)

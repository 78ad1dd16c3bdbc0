# SPDX-License-Identifier: EUPL-1.2
"""Makes the history of loads per trip and day from stops as they were counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from vehicle_occupancy.domain.coupled import Part, together, total
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
    """Yield the loads of trips, of vehicles that leave together their sum; stops come trip by trip."""
    for trip_id, stops in groupby(counted, key=attrgetter("trip_id")):
        trip, calls = planned.get(trip_id), _calls(stops)
        if trip is None:
            continue
        loads: list[float | None] = [None] * len(trip.stop_ids)
        for index, parts in calls.items():
            if index < len(loads) and not _waits(calls, index):
                loads[index] = total(part.load for part in parts)
        usual = _usual(calls.values())
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
            vehicle_id=usual[0].vehicle_id if len(usual) == 1 else None,
            holds=_holds(usual),
            simulated=any(part.simulated for parts in calls.values() for part in parts),
        )


Parts = Sequence[Counted]


def _calls(stops: Iterable[Counted]) -> dict[int, Parts]:
    """Return by place in the trip what the vehicles of the departure counted."""
    return {
        index: together(
            (Part(each.vehicle_id, each.departed_at, each.simulated, each.load is not None), each)
            for each in of_call
        )
        for index, of_call in groupby(stops, key=attrgetter("call_index"))
    }


def _waits(calls: Mapping[int, Parts], index: int) -> bool:
    """Return whether a stop is the newest, and not all that left the one before were counted there."""
    return index == max(calls) and len(calls[index]) < len(calls.get(index - 1, ()))


def _usual(calls: Collection[Parts]) -> Parts:
    """Return the vehicles that made most of the way."""
    by_ids = {tuple(part.vehicle_id for part in parts): parts for parts in calls}
    counted = Counter(tuple(part.vehicle_id for part in parts) for parts in calls)
    return by_ids[counted.most_common(1)[0][0]]


def _holds(parts: Parts) -> Holds | None:
    seats, standing = total(part.seats for part in parts), total(part.standing for part in parts)
    return None if seats is None or standing is None else Holds(int(seats), int(standing))

# SPDX-License-Identifier: EUPL-1.2
"""Stops as they are stored: with what everybody may know of them, which is told once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from stadttakt_runtime.clock import utc_now
from vehicle_occupancy.domain.departures import Leg
from vehicle_occupancy.domain.load.level import Level, LevelRules, OccupancyStatus
from vehicle_occupancy.domain.publication import (
    Departure,
    PublicationPolicy,
    Published,
    boundaries,
    windows,
)
from vehicle_occupancy.domain.vehicle import Vehicle
from vehicle_occupancy.domain.visits.counting import StopVisit
from vehicle_occupancy.driving import Driven
from vehicle_occupancy.storage.visits import COLUMNS, Told

AROUND = timedelta(minutes=5)
"""Two times of a departure, by the control centre and by positions, are no further apart."""
_PLACE = {name: place for place, name in enumerate(COLUMNS)}


def newest_leg(driven: Driven, rows: Sequence[tuple[Any, ...]], until: datetime) -> Leg | None:
    """Return from which stop of a trip a vehicle was last seen to leave; None before the first."""
    calls, trip = driven.trip.stop_times, driven.served.trip
    for row in reversed(rows):
        index = row[_PLACE["call_index"]]
        if index + 1 < len(calls) and row[_PLACE["departed_at"]] <= until:
            level = row[_PLACE["public_level"]] if row[_PLACE["is_told"]] else None
            return Leg(
                trip.trip_id,
                trip.start_date,
                calls[index + 1].stop_id,
                row[_PLACE["departed_at"]],
                behind=frozenset(call.stop_id for call in calls[: index + 1]),
                level=Level(level) if level else None,
            )
    return None


def _told_live(driven: Driven, visit: StopVisit, live: Published | None) -> Told | None:
    """Return what was told of a departure when the control centre named the stop after it."""
    calls, trip = driven.trip.stop_times, driven.served.trip
    if live is None or live.level is None or visit.index + 1 == len(calls):
        return None
    departure = live.departure
    is_it = (
        departure.trip_id == trip.trip_id
        and departure.start_date in (None, trip.start_date)
        and departure.stop == calls[visit.index + 1].stop_id
        and abs(departure.at - visit.departed_at) < AROUND
    )
    return Told(live.level.value, True) if is_it else None  # noqa: FBT003 (a row)


class Teller:
    """Makes rows; draws the boundaries of published levels with the city's secret."""

    def __init__(self, key: bytes, policy: Callable[[], PublicationPolicy]) -> None:
        self._key = key
        self._policy = policy

    def rows(
        self,
        vehicle: Vehicle,
        levels: LevelRules,
        driven: Driven,
        found: Sequence[StopVisit],
        words: Mapping[tuple[str, str, int], Told],
        *,
        live: Published | None = None,
    ) -> list[tuple[Any, ...]]:
        """Return a trip's stops; what was told of a departure before, or `live`, is told again."""
        rows = []
        for visit in found:
            before = words.get((*driven.served.trip, visit.index))
            if before is None or not before.is_told:
                before = _told_live(driven, visit, live)
            rows.append(self._row(vehicle, levels, driven, visit, before))
        return rows

    def _row(
        self,
        vehicle: Vehicle,
        levels: LevelRules,
        driven: Driven,
        visit: StopVisit,
        before: Told | None,
    ) -> tuple[Any, ...]:
        served, trip, load = driven.served, driven.trip, visit.load
        told = before or self._told(vehicle, levels, driven, visit)
        return (
            *served.trip,
            vehicle.vehicle_id,
            visit.index,
            driven.day.version_id,
            trip.line,
            trip.direction,
            trip.stop_times[visit.index].stop_id,
            visit.arrived_at,
            visit.departed_at,
            visit.boarded,
            visit.alighted,
            *(
                (load.load, load.load_min, load.load_max, load.percentage)
                if load
                else (None, None, None, None)
            ),
            load.level.value if load and load.level else None,
            (load.status if load else OccupancyStatus.NO_DATA_AVAILABLE).value,
            load.confidence if load else None,
            vehicle.rules.places,
            told.level,
            told.is_told,
            driven.timing.value,
            served.by.value,
            served.simulated or driven.day.simulated,
            utc_now(),
            *(map(_persons, visit.reconciled) if visit.reconciled else (None, None, None)),
        )

    def _told(self, vehicle: Vehicle, levels: LevelRules, driven: Driven, visit: StopVisit) -> Told:
        """Return the level of a departure: none as long as its load is not known."""
        load = visit.load.load if visit.load else None
        where = windows(self._policy(), levels, vehicle.rules)
        if load is None or where is None:
            return Told(None, False)  # noqa: FBT003 (a row)
        trip = driven.served.trip
        stop_id = driven.trip.stop_times[visit.index].stop_id
        departure = Departure(
            str(vehicle.vehicle_id), trip.trip_id, trip.start_date, stop_id, visit.departed_at
        )
        return Told(boundaries(self._key, departure, where).level_of(load).value, True)  # noqa: FBT003


def _persons(number: float) -> float:
    """Return persons without what is no more than a rounding error."""
    return round(number, 2) + 0.0

# SPDX-License-Identifier: EUPL-1.2
"""Takes loads of the past into the history that forecasts are learned from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from stadttakt_runtime.database import Database
from vehicle_occupancy.domain.forecast.past import PlannedTrip, Run, TripLoad
from vehicle_occupancy.forecasting.csv_loads import Departure, LoadsFile, TripDay
from vehicle_occupancy.forecasting.planning import planned_trips
from vehicle_occupancy.storage import configuration, forecast_history
from vehicle_occupancy.storage.timetable import load_day

WEEK = 7
AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How loads are taken over."""

    replace: bool = False
    simulated: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a file's trips; `matched` of them run in the timetable of the coming week."""

    trips: int
    stored: int
    known: int
    matched: int
    unmatched_lines: tuple[str, ...]
    lines_without_places: tuple[str, ...]


async def take_over(
    database: Database,
    file: LoadsFile,
    today: date,
    options: LoadOptions,
    done: Callable[[int], object],
) -> Loaded:
    """Store the loads of a file in one transaction, and have the running service learn from them.

    What is stored of a trip already stays, unless it shall be replaced.
    """
    async with database.connection() as connection:
        planned = await _planned(connection, today)
    # Before the transaction, which would be silent for as long as years of a large city take.
    loads = list(_loads(file, planned, simulated=options.simulated))
    async with database.transaction() as connection:
        days = sorted({load.day for load in loads})
        known = await forecast_history.keys(connection, days)
        new = [each for each in loads if options.replace or (each.day, each.trip_id) not in known]
        if not options.dry_run and new:
            for begin in range(0, len(new), AT_ONCE):
                part = new[begin : begin + AT_ONCE]
                await forecast_history.store(connection, part)
                done(len(part))
            await configuration.touch(connection)
    matched = [each for each in loads if each.run in planned]
    lines = {each.line for each in loads} - {each.line for each in matched}
    placed = {each.line for each in loads if each.holds is not None}
    return Loaded(
        len(loads),
        len(new),
        len(loads) - len(new),
        len(matched),
        tuple(sorted(lines)),
        tuple(sorted({each.line for each in loads} - placed)),
    )


async def _planned(connection: Any, today: date) -> dict[Run, PlannedTrip]:
    """Return what runs in the coming week, by what trips of other days have in common with it."""
    found: dict[Run, PlannedTrip] = {}
    for ahead in range(WEEK):
        day = await load_day(connection, today + timedelta(days=ahead))
        found |= {trip.run: trip for trip in planned_trips(day)} if day is not None else {}
    return found


def _loads(
    file: LoadsFile,
    planned: Mapping[Run, PlannedTrip],
    *,
    simulated: bool,
) -> Iterator[TripLoad]:
    ways = {
        pair: metres
        for trip in planned.values()
        for pair, metres in zip(
            pairwise((*trip.stop_ids, trip.last_stop_id)), trip.to_next_m, strict=True
        )
    }
    for key, departures in file.trips.items():
        left, last = _left(key, departures, planned)
        stops = tuple(each.stop_id for each in left)
        yield TripLoad(
            day=key.day,
            trip_id=key.trip_id,
            line=key.line,
            direction=key.direction,
            stop_ids=stops,
            departures_s=tuple(each.departure_s for each in left),
            to_next_m=tuple(ways.get(pair, 0.0) for pair in pairwise((*stops, last))),
            last_stop_id=last,
            loads=tuple(each.load for each in left),
            holds=file.holds.get(key),
            simulated=simulated,
        )


def _left(
    key: TripDay, departures: list[Departure], planned: Mapping[Run, PlannedTrip]
) -> tuple[list[Departure], str]:
    """Return the stops that a trip leaves, and its last one, with which files end or do not."""

    def run(of: list[Departure]) -> PlannedTrip | None:
        stops = tuple(each.stop_id for each in of)
        return planned.get(Run(key.line, key.direction, of[0].departure_s, stops))

    whole = run(departures)
    if whole is not None:
        return departures, whole.last_stop_id
    *before, last = departures
    if before and (run(before) is not None or not last.load):
        return before, last.stop_id
    return departures, ""

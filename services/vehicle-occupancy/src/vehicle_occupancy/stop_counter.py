# SPDX-License-Identifier: EUPL-1.2
"""Counts who boarded and alighted at each stop, from the log, a vehicle at a time, beside live traffic."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.awake import awake
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause
from vehicle_occupancy import metrics
from vehicle_occupancy.board import Board
from vehicle_occupancy.domain.departures import Leg
from vehicle_occupancy.domain.history import in_order
from vehicle_occupancy.domain.journeys import Journeys
from vehicle_occupancy.domain.load.reading import Reading
from vehicle_occupancy.domain.persons import to_load
from vehicle_occupancy.domain.reading import Assignment
from vehicle_occupancy.domain.vehicle import Vehicle
from vehicle_occupancy.domain.visits.counting import Visited, visits
from vehicle_occupancy.domain.visits.served import Served, assigned, joined, merged
from vehicle_occupancy.driving import Driven, courses
from vehicle_occupancy.sightings import Sightings
from vehicle_occupancy.storage import readings
from vehicle_occupancy.storage import visits as storage
from vehicle_occupancy.storage.visits import Dirty, Told
from vehicle_occupancy.timetables import Timetables
from vehicle_occupancy.visit_rows import Teller, newest_leg

LOOK_EVERY_S, LEAST_PAUSE_S = 15.0, 0.5
BEHIND = timedelta(seconds=15)
"""What is said so soon after it was seen is not late."""
AT_ONCE = 20
ASSIGNMENTS_BEFORE = timedelta(hours=12)


Tell = Callable[[Mapping[VehicleId, Leg]], Awaitable[None]]


class StopCounter:
    """One vehicle at a time, in the transaction that takes its mark off."""

    def __init__(
        self,
        database: Database,
        board: Board,
        teller: Teller,
        timetables: Timetables,
        tell: Tell,
    ) -> None:
        self._database = database
        self._board = board
        self._tell = tell
        self._legs: dict[VehicleId, Leg] = {}
        self._teller = teller
        self._timetables = timetables
        self._sightings = Sightings(self._timetables, lambda: board.city.timezone)

    async def run(self, stop: asyncio.Event) -> None:
        """Count until `stop`."""
        while not stop.is_set():
            began, until = perf_counter(), utc_now() - BEHIND
            await self._database.persist(lambda c: storage.close(c, until))  # noqa: B023
            while not stop.is_set() and await self._count_some(stop) == AT_ONCE:
                pass
            took = perf_counter() - began
            metrics.STOP_ROUND_SECONDS.observe(took)
            await pause(stop, max(LOOK_EVERY_S - took, LEAST_PAUSE_S))

    async def _count_some(self, stop: asyncio.Event) -> int:
        """Count vehicles that wait longest, and tell what was found; returns how many."""
        waiting = await self._database.persist(lambda c: storage.take(c, AT_ONCE))
        for dirty in waiting:
            await self._database.persist(lambda c: self.count(c, dirty))  # noqa: B023
            await asyncio.sleep(0)
            if stop.is_set():
                break
        legs, self._legs = self._legs, {}
        await self._tell(legs)
        return len(waiting)

    async def count(self, connection: Any, dirty: Dirty) -> None:
        """Make the stops of a vehicle anew, from the first trip on that a mark may change."""
        vehicle = self._board.city.vehicles.get(dirty.vehicle_id)
        if vehicle is not None:
            until = await storage.counted_until(connection)
            first = await storage.first_served(connection, dirty.vehicle_id, dirty.since)
            begin = min(first or dirty.since, dirty.since)
            await self._count(connection, vehicle, begin, until)
        await storage.unmark(connection, dirty)

    async def _count(
        self, connection: Any, vehicle: Vehicle, begin: datetime, until: datetime
    ) -> None:
        vehicle_id = vehicle.vehicle_id
        stored = await readings.assignments(connection, [vehicle_id], begin - ASSIGNMENTS_BEFORE)
        told = Journeys().plus(stored).assignments
        known = assigned([each for each in told if each.observed_at < until], until)
        seen = await self._sightings.of(connection, vehicle_id, begin, until, told=known)
        found = joined(merged(known, seen))
        since = min([begin, *(each.begun_at for each in found if each.ended_at > begin)])
        served = [each for each in found if each.begun_at >= since]
        before = await storage.served_before(connection, vehicle_id, since)
        words = await storage.replace_served(connection, vehicle_id, since, served)
        rows: list[tuple[Any, ...]] = []
        driven = await self._driven(connection, vehicle_id, before, served, told, until)
        log = await self._log(connection, vehicle, told, since)
        for each in driven:
            start = await readings.checkpoint(connection, vehicle_id, each.course.begin)
            part = _between(log, start[0] if start else None, each.course.end)
            visited = visits(
                vehicle,
                self._board.city.levels,
                each.course,
                start[1] if start else None,
                part,
                until,
            )
            levels = self._board.city.levels
            live = self._board.told.get(vehicle_id)
            made = self._teller.rows(vehicle, levels, each, visited.stops, words, live=live)
            if (leg := newest_leg(each, made, until)) is not None:
                self._legs[vehicle_id] = leg
            rows += made
            _count_imbalance(each, visited, words)
            await asyncio.sleep(0)
        await storage.insert(connection, rows)

    async def _driven(
        self,
        connection: Any,
        vehicle_id: VehicleId,
        before: Served | None,
        served: Sequence[Served],
        told: Sequence[Assignment],
        until: datetime,
    ) -> list[Driven]:
        all_served = [*([before] if before else []), *served]
        days = {}
        for name in {each.trip.start_date for each in all_served}:
            days[name] = await self._timetables.day(connection, _day(name))
        if not all_served:
            return []
        begin = all_served[0].begun_at
        places = await storage.positions(connection, vehicle_id, begin, until)
        # A trip takes some hundredths of a second; what came very late changes months of them.
        found = await awake(connection, asyncio.to_thread(courses, all_served, days, places, told))
        return [each for each in found if each.served != before]

    async def _log(
        self, connection: Any, vehicle: Vehicle, told: Sequence[Assignment], since: datetime
    ) -> list[Reading]:
        """Return what is known of a vehicle's load from the last checkpoint before a time on."""
        zone = ZoneInfo(self._board.city.timezone)
        journeys = Journeys(tuple(told))
        start = await readings.checkpoint(connection, vehicle.vehicle_id, since - BEFORE_TRIP)
        first = start[0] if start else None
        said = await readings.since(connection, vehicle.vehicle_id, first)
        found = [to_load(vehicle, journeys, each, zone) for each in said]
        ends = [e for e in journeys.ends(vehicle) if first is None or e.observed_at >= first]
        return in_order([*(each for each in found if each is not None), *ends])


BEFORE_TRIP = timedelta(hours=1)


def _between(log: Sequence[Reading], begin: datetime | None, end: datetime) -> Sequence[Reading]:
    last = bisect_left(log, end, key=lambda each: each.observed_at)
    first = 0 if begin is None else bisect_left(log, begin, key=lambda each: each.observed_at)
    return log[first:last]


def _count_imbalance(driven: Driven, visited: Visited, before: Mapping[Any, Told]) -> None:
    """Count once of each trip how many persons its counts had too many or too few."""
    if visited.imbalance is None:
        return
    known = before.get((*driven.served.trip, 0))
    if known is None or not known.is_reconciled:
        direction = "too_many" if visited.imbalance > 0 else "too_few"
        metrics.IMBALANCE.labels(direction).observe(abs(visited.imbalance))


def _day(name: str) -> date:
    return date(int(name[:4]), int(name[4:6]), int(name[6:8]))

# SPDX-License-Identifier: EUPL-1.2
"""Learns each night what radio devices say of persons, from the day's counted trips."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.awake import awake
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause
from vehicle_occupancy.domain.city import City
from vehicle_occupancy.domain.history import in_order
from vehicle_occupancy.domain.journeys import Journeys
from vehicle_occupancy.domain.load.track import begin
from vehicle_occupancy.domain.persons import to_load
from vehicle_occupancy.domain.presence_cells import CellSum, counted_cells
from vehicle_occupancy.domain.presence_fit import fit
from vehicle_occupancy.storage import calibration, configuration, readings

log = get_logger(__name__)

LOOK_EVERY_S = 600.0
SETTLED_AFTER = timedelta(hours=4)
"""After midnight; by then the service day is over and late observations have come."""

LEARNED_FROM = timedelta(days=28)
"""Phones, seasons and sensors change; four weeks hold each weekday four times."""


class Calibrating:
    """Calibrates once for each day of the city that is over."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, stop: asyncio.Event) -> None:
        """Look every ten minutes until `stop` whether a day is over."""
        while not stop.is_set():
            city = await self._database.persist(configuration.load)
            day = day_to_learn(utc_now(), ZoneInfo(city.timezone))
            learned = await self._database.persist(calibration.last_day)
            if city.vehicles and (learned is None or learned < day):
                await calibrate(self._database, city, day)
            await pause(stop, LOOK_EVERY_S)


def day_to_learn(now: datetime, zone: ZoneInfo) -> date:
    """Return the last day of the city that is over and settled."""
    return (now - SETTLED_AFTER).astimezone(zone).date() - timedelta(days=1)


async def calibrate(database: Database, city: City, day: date) -> None:
    """Gather a day's counted trips, learn from the last weeks, and have the service take it over."""
    cells: list[tuple[CellSum, bool]] = []
    for vehicle_id in city.vehicles:
        cells += await database.persist(
            partial(_counted, city=city, vehicle_id=vehicle_id, day=day)
        )
    await database.persist(lambda connection: _learn(connection, day, cells))


async def _counted(
    connection: Any, *, city: City, vehicle_id: VehicleId, day: date
) -> list[tuple[CellSum, bool]]:
    """Return the cells of a vehicle's day, and whether they are simulated."""
    zone, vehicle = ZoneInfo(city.timezone), city.vehicles[vehicle_id]
    start, end = (
        datetime.combine(each, time(), tzinfo=zone) for each in (day, day + timedelta(days=1))
    )
    if not vehicle.uses_presence:
        return []
    said = [
        each
        for each in await readings.since(connection, vehicle_id, start)
        if each.observed_at < end
    ]
    simulated = all(each.simulated for each in said)
    said = [each for each in said if each.simulated == simulated]
    told = await readings.assignments(connection, [vehicle_id], start)
    ordered = sorted(
        (each for each in told if each.simulated == simulated and each.observed_at < end),
        key=lambda each: each.identity,
    )
    journeys = Journeys(tuple(ordered))
    found = [to_load(vehicle, journeys, each, zone) for each in said]
    ends = [each for each in journeys.ends(vehicle) if each.observed_at >= start]
    log_of_day = in_order([*(each for each in found if each is not None), *ends])
    before = await readings.checkpoint(connection, vehicle_id, start)
    # How its doors err was learned long before this day.
    track = begin(vehicle.rules, before[1].miscounts if before else None)
    # A day takes some tenths of a second, in which other vehicles must not wait.
    cells = await asyncio.to_thread(counted_cells, vehicle.rules, log_of_day, city.levels, track)
    return [(each, simulated) for each in cells]


async def _learn(connection: Any, day: date, cells: list[tuple[CellSum, bool]]) -> None:
    await calibration.keep_day(connection, day, cells)
    known = await calibration.cells_since(connection, day - LEARNED_FROM)
    learned = await awake(connection, asyncio.to_thread(fit, known))
    before = await calibration.newest(connection)
    samples = sum(each.weight for each in known)
    await calibration.keep(connection, day, learned, fitted_at=utc_now(), samples=samples)
    await calibration.forget(connection, day - LEARNED_FROM)
    if learned != before:
        await configuration.touch(connection)
    log.info("presence_calibrated", day=day.isoformat(), samples=round(samples))

# SPDX-License-Identifier: EUPL-1.2
"""Vehicles whose counts are wrong by too much where they are empty are named, one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.clock import utc_now
from vehicle_occupancy import metrics
from vehicle_occupancy.domain.load.drift import LEAST_CORRECTIONS, MOST_PERSONS, Drift
from vehicle_occupancy.retention import Retention
from vehicle_occupancy.storage import drift

from .harness import Running, World, until

HOUR = timedelta(hours=1)
WRONG = Drift(LEAST_CORRECTIONS, LEAST_CORRECTIONS * (MOST_PERSONS + 2))
SELDOM = Drift(LEAST_CORRECTIONS - 1, 300.0)
RIGHT = Drift(40, 40 * MOST_PERSONS)


async def add(service: Running, found: Mapping[str, Drift], *, ago: timedelta = HOUR) -> None:
    hour = (utc_now() - ago).replace(minute=0, second=0, microsecond=0)
    rows = {(hour, VehicleId(each)): wrong for each, wrong in found.items()}
    await service.database.persist(lambda c: drift.add(c, rows))


async def test_each_vehicle_that_counts_wrongly_is_named_until_it_counts_well(world: World) -> None:
    async with world.service() as service:

        async def named() -> list[tuple[str, int]]:
            answer = await service.get("/v1/alerts?active=true", **await world.bearer("admin"))
            return [
                (f"{each['kind']}/{each['alert_id']}", each["details"]["mean_persons"])
                for each in answer.json()["items"]
            ]

        def told() -> float:
            (sample,) = next(iter(metrics.DRIFTING.collect())).samples
            return sample.value

        await add(service, {"tram-1": WRONG, "tram-2": SELDOM, "sold": WRONG})
        await until(named, lambda found: found == [("door-drift/tram-1", 12)], within_s=25)
        await until(lambda: asyncio.sleep(0, told()), lambda number: number == 1, within_s=25)
        # now the other one was empty often enough to be judged
        await add(service, {"tram-2": RIGHT})
        await until(
            named,
            lambda found: [each for each, _ in found] == ["door-drift/tram-1", "door-drift/tram-2"],
            within_s=25,
        )
        await add(service, {"tram-1": RIGHT, "tram-2": RIGHT, "sold": RIGHT})
        await add(service, {"tram-1": Drift(5, 0), "tram-2": Drift(40, 0)})
        await until(named, lambda found: found == [], within_s=25)


async def test_only_a_day_counts_and_old_days_are_forgotten(world: World) -> None:
    async with world.service() as service:
        now = utc_now()
        await add(service, {"tram-1": WRONG}, ago=26 * HOUR)
        await add(service, {"tram-1": WRONG}, ago=401 * 24 * HOUR)
        async with service.database.connection() as connection:
            assert await drift.since(connection, now - 24 * HOUR) == {}
        await Retention(world.settings, service.database).forget(now)
        rows = await service.fetch("select hour from transit.door_drift")
        assert [now - row["hour"] < 28 * HOUR for row in rows] == [True]

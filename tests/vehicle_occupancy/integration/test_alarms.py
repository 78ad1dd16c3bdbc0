from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from stadttakt_runtime.clock import utc_now
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.retention import Retention

from .harness import World, ago, event, eventually, until, write_city

TRIP = {"line": "7", "direction": 0, "trip_id": "trip-1", "start_date": "20261126", "stop_id": "a"}


async def test_vehicle_that_serves_a_trip_unheard_is_told_until_it_is_heard(
    database_url: str, mqtt_url: str, tmp_path: Path
) -> None:
    await asyncio.to_thread(apply_city, write_city(tmp_path, "tram-1", "tram-2"), database_url)
    world = World(database_url, mqtt_url)
    async with world.service() as service, world.wire() as wire:
        await wire.assign("tram-1", TRIP, at=ago(60))
        await eventually(lambda: wire.states.get("vehicle-silent/tram-1"), within_s=25)
        reader = await world.bearer("transit:read")
        listed = (await service.get("/v1/alerts?active=true", **reader)).json()["items"]
        assert [(each["kind"], each["alert_id"]) for each in listed] == [
            ("vehicle-silent", "tram-1")
        ]
        assert (await service.get("/v1/alerts")).status_code == 401
        await wire.assign("tram-1", {**TRIP, "trip_id": "trip-2"}, at=ago(20))
        await wire.count("tram-1", "1", 3, 0, at=ago(10))
        await eventually(lambda: wire.states["vehicle-silent/tram-1"][-1] is None, within_s=25)


async def test_positions_are_forgotten_and_readings_stay(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        old, place = ago(40 * 86_400), {"lat": 51.48, "lon": 11.97}
        topic = wire.topics.vehicle_position("tram-1")
        await wire.send(topic, event("vehicle-position", "vehicle/tram-1", place, at=old))
        await wire.send(topic, event("vehicle-position", "vehicle/tram-1", place))
        outside = {"lat": 48.1, "lon": 11.5}
        await wire.send(topic, event("vehicle-position", "vehicle/tram-1", outside))
        await wire.count("tram-1", "1", 3, 0, at=old)
        await until(
            lambda: service.fetch("select from transit.reading"), lambda rows: len(rows) == 1
        )
        rows = await service.fetch("select reason from transit.rejected")
        assert [row["reason"] for row in rows] == ["outside_region"]
        retention = Retention(world.settings, service.database)
        await retention.forget(utc_now())
        assert len(await service.fetch("select from transit.position")) == 1
        assert len(await service.fetch("select from transit.reading")) == 1
        settings = world.settings.model_copy(update={"reading_days": 40})
        later = utc_now() + timedelta(days=8)
        await Retention(settings, service.database).forget(later)
        assert await service.fetch("select from transit.reading") == []

# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.clock import utc_now
from support.counted_town import visit_rows
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.domain.matching import TripKey
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.domain.visits.served import Served, ServedBy
from vehicle_occupancy.retention import Retention
from vehicle_occupancy.storage import visits

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


async def test_vehicle_without_any_sensor_is_not_told_of(
    database_url: str, mqtt_url: str, tmp_path: Path
) -> None:
    city = write_city(tmp_path, "tram-1")
    vehicles = city / "transit" / "vehicles.yaml"
    bare = "  - {kind: bare, name: Bare, mode: bus, seats: 30, standing: 40, doors: [], presence: ignore}\n"
    kinds, _, entries = vehicles.read_text().partition("vehicles:\n")
    vehicles.write_text(f"{kinds}{bare}vehicles:\n  - {{vehicle_id: bus-1, kind: bare}}\n{entries}")
    await asyncio.to_thread(apply_city, city, database_url)
    world = World(database_url, mqtt_url)
    async with world.service() as service, world.wire() as wire:
        await wire.assign("bus-1", TRIP, at=ago(90))
        await wire.assign("tram-1", {**TRIP, "trip_id": "trip-2"}, at=ago(60))
        await eventually(lambda: wire.states.get("vehicle-silent/tram-1"), within_s=25)
        assert "vehicle-silent/bus-1" not in wire.states
        assert (await service.get("/v1/vehicles/bus-1")).json()["trip_id"] == "trip-1"
        metrics = (await service.get("/metrics")).text
        assert "stadttakt_transit_vehicles_without_data 1.0" in metrics


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


async def test_trips_and_their_stops_are_forgotten_with_the_readings(world: World) -> None:
    now = utc_now()
    async with world.service() as service:
        for days in (41, 39):
            day = ServiceDay((now - timedelta(days=days)).date(), UTC)
            rows = visit_rows(day, 450, [("tram-1", 0, 12), ("tram-1", 1, 20)])
            begun, ended = day.at(450 * 60), day.at(470 * 60)
            key = TripKey(day.name, "out-450")
            served = [Served(key, begun, ended, ServedBy.ASSIGNMENT)]

            async def store(connection: Any, rows: Any = rows, served: Any = served) -> None:
                await visits.replace_served(
                    connection, VehicleId("tram-1"), served[0].begun_at, served
                )
                await visits.insert(connection, rows)

            await service.database.persist(store)
        settings = world.settings.model_copy(update={"reading_days": 40})
        kept = "select count(*) from transit.{}"
        for table, rows_before in (("stop_visit", 4), ("served_trip", 2)):
            assert (await service.fetch(kept.format(table)))[0]["count"] == rows_before
        await Retention(settings, service.database).forget(now)
        assert (await service.fetch(kept.format("stop_visit")))[0]["count"] == 2
        assert (await service.fetch(kept.format("served_trip")))[0]["count"] == 1

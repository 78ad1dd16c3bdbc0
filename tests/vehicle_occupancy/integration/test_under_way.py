# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stadttakt_runtime.clock import utc_now
from support.gtfs import a_folder
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.city.timetable import apply_timetable

from .harness import Running, Wire, World, event, eventually, until, write_city
from .test_follower import RIDE_S, VEHICLE, WAY, trips_around


@pytest.fixture
async def world(
    database_url: str, mqtt_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    monkeypatch.setattr("vehicle_occupancy.stop_counter.LOOK_EVERY_S", 0.5)
    folder = write_city(tmp_path, VEHICLE)
    (folder / "city.yaml").write_text("timezone: UTC\nbbox: [11.8, 51.4, 12.1, 51.6]\n")
    a_folder(folder / "transit/feed", trips_around(utc_now()))
    (folder / "transit/timetable.yaml").write_text("feed: feed\n")
    await asyncio.to_thread(apply_city, folder, database_url)
    await asyncio.to_thread(apply_timetable, folder, database_url)
    return World(database_url, mqtt_url)


def trip(begun: datetime) -> dict[str, Any]:
    """The trip that began five minutes ago, named with its first stop as it began."""
    day = begun - timedelta(days=begun.hour < 2)
    return {
        "line": "7",
        "direction": 0,
        "trip_id": "out0",
        "start_date": f"{day:%Y%m%d}",
        "stop_id": "a",
    }


async def ride(wire: Wire, now: datetime) -> None:
    """From a, where few get in, past b, where many do, on the way to c: 240 seconds."""
    told = trip(now)
    before = {"line": "7", "direction": 1, "trip_id": "in", "start_date": told["start_date"]}
    await wire.assign(VEHICLE, before, at=now - timedelta(seconds=700))
    await wire.assign(VEHICLE, told, at=now - timedelta(seconds=330))
    for ago_s in range(300, -1, -15):
        place = WAY.at(WAY.length_m * (RIDE_S / 2 - ago_s) / RIDE_S)
        data = {"lat": place.lat, "lon": place.lon}
        at = now - timedelta(seconds=ago_s)
        said = event("vehicle-position", f"vehicle/{VEHICLE}", data, at=at)
        await wire.send(wire.topics.vehicle_position(VEHICLE), said)
    await wire.count(VEHICLE, "1", 3, 0, at=now - timedelta(seconds=302))
    await wire.count(VEHICLE, "1", 50, 0, at=now - timedelta(seconds=78))
    await wire.count(VEHICLE, "2", 40, 0, at=now - timedelta(seconds=77))


async def public(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = (await running.get(f"/v1/vehicles/{VEHICLE}")).json()
    return found


async def test_everybody_sees_how_full_a_vehicle_left_its_last_stop_though_its_trip_was_named_once(
    world: World,
) -> None:
    async with world.service() as running, world.wire() as wire:
        await ride(wire, utc_now())
        shown = await until(
            lambda: public(running), lambda found: found["stop_id"] == "c", within_s=30
        )
        assert (shown["trip_id"], shown["level"]) == ("out0", "high")
        await eventually(lambda: wire.last(f"vehicle/{VEHICLE}").get("stop_id") == "c")
        trip_id, day = shown["trip_id"], shown["start_date"]
        answer = await running.get(f"/v1/trips/{trip_id}/occupancy?start_date={day}")
        stops = {each["stop_id"]: each["level"] for each in answer.json()["stops"]}
        assert stops["b"] == shown["level"], "one word for a departure, wherever it is published"


async def test_after_a_restart_a_departure_is_not_told_of_again(world: World) -> None:
    now = utc_now()
    async with world.service() as running, world.wire() as wire:
        await ride(wire, now)
        told = await until(
            lambda: public(running), lambda found: found["stop_id"] == "c", within_s=30
        )
    async with world.service() as running, world.wire() as wire:
        await wire.count(VEHICLE, "1", 0, 50, at=now - timedelta(seconds=5))
        await wire.count(VEHICLE, "2", 0, 43, at=now - timedelta(seconds=4))
        entitled = await world.bearer("transit:read")
        await until(
            lambda: running.get(f"/v1/vehicles/{VEHICLE}", **entitled),
            lambda answer: (answer.json()["load"] or 99) < 20,
        )
        again = await public(running)
        assert [again[each] for each in ("stop_id", "level", "measured_at")] == [
            told[each] for each in ("stop_id", "level", "measured_at")
        ]

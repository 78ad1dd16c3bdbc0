# SPDX-License-Identifier: EUPL-1.2
"""Twin vehicles are told of by the same messages, of one in their order and of the other in disorder."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stadttakt_runtime.clock import utc_now
from support.gtfs import a_folder
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.city.timetable import apply_timetable

from .harness import Running, Wire, World, count, event, until, write_city
from .test_follower import RIDE_S, WAY, trips_around
from .test_under_way import trip

ORDERLY, DISORDERLY = "tram-1", "tram-2"
TARE_KG, PERSON_KG = 40_000, 75
ITXPT = """<PassengerDoorCountDelivery version="2.1.1"><PassengerDoorCount>
<RecordedAtTime>{at}</RecordedAtTime><DoorId>1</DoorId><PassengerCounting>
<ObjectClass>Adult</ObjectClass><DoorPassengerIn>{inwards}</DoorPassengerIn>
<DoorPassengerOut>{outwards}</DoorPassengerOut></PassengerCounting>
</PassengerDoorCount></PassengerDoorCountDelivery>"""
LOADS = ("load", "load_min", "load_max", "percentage", "level", "confidence", "measured_at")
SERVES = ("line", "direction", "trip_id", "start_date", "stop_id", "lat", "lon")
VISITS = """
select trip_id, call_index, arrived_at, departed_at, boarded, alighted, load, load_min, load_max
  from transit.stop_visit where vehicle_id = $1 order by trip_id, call_index
"""


@pytest.fixture
async def world(
    database_url: str, mqtt_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    monkeypatch.setattr("vehicle_occupancy.stop_counter.LOOK_EVERY_S", 0.5)
    city = write_city(tmp_path, ORDERLY, DISORDERLY)
    world = replace(World(database_url, mqtt_url), city=city)
    vehicles = city / "transit/vehicles.yaml"
    axles = f"axles: {{tare_kg: {TARE_KG}, person_kg: {PERSON_KG}}}"
    vehicles.write_text(vehicles.read_text().replace("counting:", f"{axles}\n    counting:"))
    (city / "transit/sources.yaml").write_text(
        f"sources:\n  - {{source_id: apc, dialect: itxpt, topics: ['{world.root}/apc/{{vehicle}}']}}\n"
    )
    a_folder(city / "transit/feed", trips_around(utc_now()))
    (city / "transit/timetable.yaml").write_text("feed: feed\n")
    (city / "city.yaml").write_text("timezone: UTC\nbbox: [11.8, 51.4, 12.1, 51.6]\n")
    await asyncio.to_thread(apply_city, city, database_url)
    await asyncio.to_thread(apply_timetable, city, database_url)
    return world


@dataclass(frozen=True)
class Saying:
    """What is said of one vehicle, as of a moment."""

    world: World
    wire: Wire
    vehicle: str
    now: datetime

    def everything(self) -> list[tuple[str, bytes]]:
        """Half a ride from a past b on the way to c, with all sorts of sensors, in order of time."""
        told = trip(self.now)
        before = {**told, "direction": 1, "trip_id": "in"}
        return [
            self.canonical("trip-assignment", 700, before),
            self.itxpt(690, 1000, 900),
            self.canonical("trip-assignment", 330, told),
            self.itxpt(302, 1012, 900),
            self.door(300, 9, 0),
            *(self.place(seconds) for seconds in range(300, -1, -15)),
            self.canonical("device-presence", 200, {"wifi": 9, "ble": 4}),
            self.itxpt(78, 1020, 905),
            self.door(77, 14, 2),
            self.canonical("axle-load", 50, {"mass_kg": TARE_KG + 27 * PERSON_KG, "gross": True}),
            self.canonical("device-presence", 20, {"wifi": 12, "ble": 5}),
        ]

    def at(self, seconds: float) -> datetime:
        return self.now - timedelta(seconds=seconds)

    def canonical(self, name: str, seconds: float, data: dict[str, Any]) -> tuple[str, bytes]:
        topics = self.wire.topics
        topic = {
            "trip-assignment": topics.trip_assignment,
            "vehicle-position": topics.vehicle_position,
            "device-presence": topics.device_presence,
            "axle-load": topics.axle_load,
        }[name](self.vehicle)
        event_id = f"{self.vehicle}-{name}-{seconds}"
        subject = f"vehicle/{self.vehicle}"
        return topic, event(name, subject, data, at=self.at(seconds), event_id=event_id)

    def place(self, seconds: float) -> tuple[str, bytes]:
        place = WAY.at(WAY.length_m * (RIDE_S / 2 - seconds) / RIDE_S)
        return self.canonical("vehicle-position", seconds, {"lat": place.lat, "lon": place.lon})

    def door(self, seconds: float, inwards: int, outwards: int) -> tuple[str, bytes]:
        event_id = f"{self.vehicle}-2-{seconds}"
        passed = count(self.vehicle, "2", inwards, outwards, at=self.at(seconds), event_id=event_id)
        return self.wire.topics.passenger_count(self.vehicle, "2"), passed

    def itxpt(self, seconds: float, inwards: int, outwards: int) -> tuple[str, bytes]:
        at = self.at(seconds).isoformat()
        payload = ITXPT.format(at=at, inwards=inwards, outwards=outwards).encode()
        return f"{self.world.root}/apc/{self.vehicle}", payload


async def test_messages_in_another_order_and_some_twice_end_in_the_same_loads_and_stops(
    world: World,
) -> None:
    dice = random.Random(5)
    async with world.service() as running, world.wire() as wire:
        now = utc_now()
        orderly, other = (
            Saying(world, wire, each, now).everything() for each in (ORDERLY, DISORDERLY)
        )
        assert len(orderly) == len(other)
        dice.shuffle(other)
        said = [*orderly, *other, *dice.sample(other, 9)]
        for topic, payload in said:
            await wire.send(topic, payload)
        bearer = await world.bearer("transit:read")
        shown = await until(
            lambda: both(running, bearer),
            lambda found: found[0] == found[1] and found[0]["stop_id"] == "c",
            within_s=60,
        )
        # 12 + 9 got in at a, 8 + 14 at b where 5 + 2 left; axles weigh 27 on board
        assert 30 <= shown[0]["load"] <= 38
        stops = await until(
            lambda: visits(running), lambda found: found[0] == found[1] and found[0], within_s=60
        )
        assert [(row["trip_id"], row["call_index"], row["boarded"]) for row in stops[0]] == [
            ("out0", 0, 21),
            ("out0", 1, 22),
        ]
        kinds = await running.fetch(
            "select vehicle_id, kind, source, count(*) from transit.reading group by 1, 2, 3"
        )
        counted = {(row["vehicle_id"], row["kind"], row["source"]): row["count"] for row in kinds}
        for vehicle in (ORDERLY, DISORDERLY):
            of_vehicle = {key[1:]: number for key, number in counted.items() if key[0] == vehicle}
            assert sorted(of_vehicle.values()) == [1, 2, 2, 3], of_vehicle


async def both(running: Running, bearer: dict[str, str]) -> list[dict[str, Any]]:
    found = (await running.get("/v1/vehicles", **bearer)).json()["items"]
    return [{name: each.get(name) for name in (*LOADS, *SERVES)} for each in found]


async def visits(running: Running) -> list[list[dict[str, Any]]]:
    return [
        [dict(row) for row in await running.fetch(VISITS, vehicle)]
        for vehicle in (ORDERLY, DISORDERLY)
    ]

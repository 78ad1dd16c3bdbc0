# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import random
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stadttakt_messages.base import VehicleId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import SERVER_LETS_GO, Database
from vehicle_occupancy.calibrating import calibrate, day_to_learn
from vehicle_occupancy.domain.presence import Effects, PresenceCalibration, Rate
from vehicle_occupancy.domain.presence_cells import Cell, CellSum
from vehicle_occupancy.domain.reading import Assignment, DevicesReading, DoorReading
from vehicle_occupancy.storage import calibration, configuration, readings
from vehicle_occupancy.storage.readings import Event

from .harness import World, until

ZONE = ZoneInfo("Europe/Berlin")
RATES = {"tram-1": 0.6, "tram-2": 0.3}


def a_day_of(vehicle: VehicleId, day: date, rate: float) -> list[Event]:
    """Ten trips of eight stops; a phone with WLAN is seen of so many passengers."""
    rng = random.Random(vehicle)
    began = datetime.combine(day, time(7), tzinfo=ZONE)
    said: list[Any] = []
    for trip in range(10):
        start = began + timedelta(hours=trip)
        said.append(
            Assignment(
                event_id=f"{vehicle}-a{trip}",
                observed_at=start - timedelta(minutes=1),
                line="7",
                direction=0,
                trip_id=f"trip-{trip}",
                start_date=day.strftime("%Y%m%d"),
                stop_id=None,
                valid_until=None,
                vehicle_id=vehicle,
            )
        )
        load = 0
        for stop in range(8):
            at = start + timedelta(minutes=5 * stop)
            leaving = load if stop == 7 else rng.randrange(load // 3 + 1)
            boarding = 0 if stop == 7 else rng.randrange(4, 24)
            load += boarding - leaving
            said += doors(vehicle, at, boarding, leaving)
            seen = sum(rng.random() < rate for _ in range(load)) + rng.randrange(4)
            said.append(devices(vehicle, at + timedelta(minutes=2), seen))
    return [Event(each, "/test", utc_now()) for each in said]


def doors(vehicle: VehicleId, at: datetime, boarding: int, leaving: int) -> list[DoorReading]:
    halves = (
        (boarding // 2, leaving // 2),
        (boarding - boarding // 2, leaving - leaving // 2),
    )
    return [
        DoorReading(
            event_id=f"{vehicle}-c{at:%H%M}-{door}",
            observed_at=at,
            door=str(door),
            mode="delta",
            counts={"adult": half},
            vehicle_id=vehicle,
        )
        for door, half in enumerate(halves, start=1)
    ]


def devices(vehicle: VehicleId, at: datetime, seen: int) -> DevicesReading:
    return DevicesReading(
        event_id=f"{vehicle}-d{at:%H%M}", observed_at=at, wifi=seen, ble=None, vehicle_id=vehicle
    )


async def store(database: Database, events: list[Event]) -> None:
    told = [each for each in events if isinstance(each.said, Assignment)]
    sensed = [each for each in events if not isinstance(each.said, Assignment)]
    await database.persist(lambda connection: readings.insert_assignments(connection, told))
    await database.persist(lambda connection: readings.insert(connection, sensed))


async def test_a_day_of_counted_trips_calibrates_each_vehicle(world: World) -> None:
    day = day_to_learn(utc_now(), ZONE)
    async with Database.open(world.database_url, schema="transit") as database:
        for vehicle, rate in RATES.items():
            await store(database, a_day_of(VehicleId(vehicle), day, rate))
        city = await database.persist(configuration.load)
        before = await database.persist(configuration.version)
        await calibrate(database, city, day)
        await calibrate(database, city, day)
        learned = await database.persist(calibration.newest)
        for vehicle, rate in RATES.items():
            found = learned.expected("wifi", vehicle, "7", 9)
            assert found.rate == pytest.approx(rate, abs=0.08)
            assert found.rate_sd < 0.1
        assert learned.ble is None
        assert await database.persist(calibration.last_day) == day
        assert await database.persist(configuration.version) > before
        taken_over = await database.persist(configuration.load)
        rules = taken_over.vehicles[VehicleId("tram-1")].rules
        assert rules.presence == learned


async def test_what_is_learned_may_take_longer_than_a_session_may_be_silent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SERVER_LETS_GO, "idle_in_transaction_session_timeout", "500ms")
    monkeypatch.setattr("stadttakt_runtime.awake.SPEAK_EVERY_S", 0.05)
    day = day_to_learn(utc_now(), ZONE)
    async with Database.open(world.database_url, schema="transit") as database:
        await store(database, a_day_of(VehicleId("tram-1"), day, 0.6))
        city = await database.persist(configuration.load)
        monkeypatch.setattr("vehicle_occupancy.domain.presence_fit._ROUNDS", 8000)
        async with asyncio.timeout(60):
            await calibrate(database, city, day)
        assert await database.persist(calibration.last_day) == day


async def test_running_service_learns_the_day_that_is_over(world: World) -> None:
    day = day_to_learn(utc_now(), ZONE)
    async with Database.open(world.database_url, schema="transit") as database:
        await store(database, a_day_of(VehicleId("tram-1"), day, 0.6))
        async with world.service() as service:
            await until(lambda: service.fetch("select from transit.presence_calibration"), bool)
        learned = await database.persist(calibration.newest)
        assert learned.expected("wifi", "tram-1", "7", 9).rate == pytest.approx(0.6, abs=0.1)


async def test_what_was_learned_comes_back_as_it_was(world: World) -> None:
    effects = Effects(
        Rate(2.0, 0.5, 0.1, 0.02, 1.5),
        {"tram-1": (0.5, 0.1)},
        {"tram-1": (0.05, 0.01)},
        {"7": (0.01, 0.02)},
        {8: (-0.02, 0.01)},
        1.0,
        0.1,
        0.05,
        0.03,
    )
    async with Database.open(world.database_url, schema="transit") as database:
        kept = PresenceCalibration(effects, None)
        await database.persist(
            lambda connection: calibration.keep(
                connection, date(2026, 3, 3), kept, fitted_at=utc_now(), samples=12.0
            )
        )
        assert await database.persist(calibration.newest) == kept


async def test_simulated_days_teach_only_where_nothing_is_real(world: World) -> None:
    made_up = CellSum(Cell("wifi", "tram-1", "7", 8, 2), 1.0, 10.0, 1.0, 9.0, 81.0)
    real = CellSum(Cell("wifi", "tram-2", "7", 8, 2), 1.0, 10.0, 1.0, 5.0, 25.0)
    day = date(2026, 3, 3)
    async with Database.open(world.database_url, schema="transit") as database:
        for cells, expected in (
            ([(made_up, True)], {"tram-1"}),
            ([(made_up, True), (real, False)], {"tram-2"}),
        ):
            await database.persist(partial(calibration.keep_day, day=day, cells=cells))
            found = await database.persist(lambda c: calibration.cells_since(c, day))
            assert {each.cell.vehicle_id for each in found} == expected
        await database.persist(lambda c: calibration.forget(c, day + timedelta(days=1)))
        assert await database.persist(lambda c: calibration.cells_since(c, day)) == []


def test_a_day_is_learned_from_once_late_messages_have_come() -> None:
    four = datetime(2026, 3, 4, 4, 0, tzinfo=ZONE)
    assert day_to_learn(four, ZONE) == date(2026, 3, 3)
    assert day_to_learn(four - timedelta(minutes=1), ZONE) == date(2026, 3, 2)

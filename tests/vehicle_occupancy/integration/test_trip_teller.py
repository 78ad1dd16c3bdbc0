# SPDX-License-Identifier: EUPL-1.2
"""How full trips will be, on the broker: levels for everybody, and nothing that is withheld."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stadttakt_messages.states import TripState
from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from support.counted_town import LINE, feed, loads
from support.gtfs import a_folder
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.domain.forecast.scoring import Score
from vehicle_occupancy.domain.forecast.telling import Horizon, Source
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.forecasting.forecaster import Forecaster
from vehicle_occupancy.importing import ImportOptions, import_feed
from vehicle_occupancy.storage import forecast_history, forecast_scores
from vehicle_occupancy.storage.forecast_settings import service_day
from vehicle_occupancy.trip_teller import TripTeller

from .harness import Wire, World, eventually, write_city

PEAK = 450


@dataclass
class Desk:
    """A forecaster whose night is done, and what tells of it."""

    database: Database
    today: ServiceDay
    teller: TripTeller
    wire: Wire

    def trips(self) -> dict[str, Any]:
        return {
            entity.removeprefix("trip/"): events[-1]
            for entity, events in self.wire.states.items()
            if entity.startswith("trip/")
        }


@asynccontextmanager
async def telling(
    world: World, database: Database, key: bytes = b"k" * 32
) -> AsyncIterator[TripTeller]:
    options = MqttOptions.from_settings(
        world.settings, client_id=f"{world.settings.instance}-teller", subscriptions=()
    )
    mqtt, stop = MqttConnection(options), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(mqtt.run(stop))
        await eventually(lambda: mqtt.is_connected)
        yield TripTeller(world.settings, database, mqtt, Topics(world.root), key=key)
        mqtt.stop_receiving()
        stop.set()
    await mqtt.close()


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    city = write_city(tmp_path, "tram-1", "tram-2")
    (city / "city.yaml").write_text("timezone: Europe/Berlin\npublic_holidays: ''\n")
    await asyncio.to_thread(apply_city, city, world.database_url)
    async with (
        Database.open(world.database_url, schema="transit") as database,
        telling(world, database) as teller,
        world.wire() as wire,
    ):
        async with database.connection() as connection:
            day = await service_day(connection, utc_now())
        today = ServiceDay(day, ZoneInfo("Europe/Berlin"))
        folder = a_folder(tmp_path / "feed", feed())
        await import_feed(database, folder, ImportOptions(), lambda _: lambda _: None)
        counted = list(loads(today.day - timedelta(days=28), 28))
        await database.persist(lambda c: forecast_history.store(c, counted))
        await Forecaster(world.settings, database).work(today.at(60 * 240))
        yield Desk(database, today, teller, wire)


async def test_trips_of_the_next_day_are_told_with_their_levels_and_no_numbers(desk: Desk) -> None:
    await desk.teller.tell(lambda: desk.today.at(60 * 240))
    key = f"{desk.today.day:%Y%m%d}:out-{PEAK}"
    await eventually(lambda: key in desk.trips())
    event = desk.trips()[key]
    state = TripState.model_validate(event["data"])
    assert (state.line, state.direction, state.trip_id) == (LINE, 0, f"out-{PEAK}")
    assert [stop.stop_id for stop in state.stops] == ["a", "b", "c"]
    assert [stop.stop_sequence for stop in state.stops] == sorted(
        {stop.stop_sequence for stop in state.stops}
    )
    fullest = state.stops[1]
    assert (fullest.level, fullest.occupancy_status) == ("high", "STANDING_ROOM_ONLY")
    assert fullest.at == desk.today.at(60 * (PEAK + 4))
    assert not {"load", "p10", "p90", "probability"} & set(event["data"]["stops"][0])


async def test_what_is_over_when_its_turn_comes_is_not_told(desk: Desk) -> None:
    begun, turn = desk.today.at(60 * 240), desk.today.at(60 * 600)
    times = chain([begun], repeat(turn))
    await desk.teller.tell(lambda: next(times))
    await desk.wire.send(desk.wire.topics.state("trip", "end"), b"{}")
    await eventually(lambda: "end" in desk.trips())
    states = [TripState.model_validate(event["data"]) for event in desk.trips().values() if event]
    assert min(state.valid_until for state in states) > turn


async def test_the_same_is_not_told_twice(desk: Desk) -> None:
    now = desk.today.at(60 * 240)
    await desk.teller.tell(lambda: now)
    key = f"{desk.today.day:%Y%m%d}:out-{PEAK}"
    await eventually(lambda: key in desk.trips())
    before = await settled(desk)
    await desk.teller.tell(lambda: now + timedelta(minutes=1))
    await asyncio.sleep(0.3)
    assert told(desk) == before


def told(desk: Desk) -> int:
    return sum(len(events) for events in desk.wire.states.values())


async def settled(desk: Desk) -> int:
    """Return how many messages were heard when for a while no more came."""
    before = -1
    while before != (now := told(desk)):
        before = now
        await asyncio.sleep(0.5)
    return now


async def test_what_is_withheld_is_taken_back(desk: Desk) -> None:
    now = desk.today.at(60 * 240)
    await desk.teller.tell(lambda: now)
    key = f"{desk.today.day:%Y%m%d}:out-{PEAK}"
    await eventually(lambda: desk.trips().get(key))
    worse = Score(500, 9.0, 12.0, 8.0, 0.8, 20, 0.7, 0.6, 0.7, 0.3)
    scores = {(LINE, 0, Horizon.DAY_AHEAD): worse}
    day = desk.today.day - timedelta(days=1)
    await desk.database.persist(lambda c: forecast_scores.store(c, day, scores, Source.SCORED))
    await desk.teller.tell(lambda: now + timedelta(minutes=1))
    await eventually(lambda: not any(desk.trips().values()))
    assert key in desk.trips()

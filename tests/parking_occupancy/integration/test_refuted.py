# SPDX-License-Identifier: EUPL-1.2
"""Readings of bays that a replay refuted count as never said, by whichever way it is learnt."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import asyncpg
import orjson
import pytest

from parking_occupancy.domain.history import floor
from parking_occupancy.domain.sensors import track_of
from parking_occupancy.domain.track import Observation, Reading, SensorId
from parking_occupancy.storage import events
from parking_occupancy.storage.events import BayEvent
from stadttakt_messages.base import BayId
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database

from .harness import Running, Wire, World, observation, until

WRONG = "11111111-1111-1111-1111-111111111111:0"
OBSERVED = """
insert into uplink.observation (observed_at, seq, event_id, uplink_id, kind, topic, source_id,
    subject, asset_id, dev_eui, received_at, simulated, writer, data, superseded_at)
values ($1, $2, $3, gen_random_uuid(), 'bay-occupancy', '', 'test', 'bay/platz-1', 'platz-1',
    'test', now(), false, 'test', $4, $5)
"""
FREE, OCCUPIED = '{"occupied": false}', '{"occupied": true}'


@pytest.fixture
def begin() -> datetime:
    """The beginning of a quarter of an hour that ended some time ago."""
    return floor(utc_now() - timedelta(minutes=40), timedelta(minutes=15))


@asynccontextmanager
async def decoders_database(world: World) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(world.database_url, server_settings={"role": "uplink"})
    yield connection
    await connection.close()


def messages(begin: datetime) -> list[bytes]:
    """Free, wrongly occupied ten minutes later, free again; and the correction of the middle one."""
    middle = begin + timedelta(minutes=10)
    wrong = observation("platz-1", occupied=True, at=middle, event_id=WRONG)
    right = observation("platz-1", occupied=False, at=middle, event_id=f"{WRONG}.0001")
    return [
        observation("platz-1", occupied=False, at=begin),
        wrong,
        observation("platz-1", occupied=False, at=begin + timedelta(minutes=20)),
        orjson.dumps({**orjson.loads(right), "corrects": WRONG}),
    ]


async def take(service: Running, wire: Wire, message: bytes) -> None:
    """Send one message and wait until it is stored."""
    event_id = orjson.loads(message)["id"]
    await wire.send(message, "platz-1")
    await until(
        lambda: service.fetch("select from parking.bay_event where event_id = $1", event_id), len
    )


async def bay(service: Running) -> dict[str, Any]:
    answer: dict[str, Any] = (await service.get("/v1/bays/platz-1")).json()
    return answer


def is_free_since(at: datetime) -> Any:
    text = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return lambda answer: (answer["state"], answer["since"]) == ("free", text)


async def occupied(service: Running, begin: datetime) -> list[float]:
    """Return how much the lot was occupied in the quarters of an hour from `begin` on."""
    end = begin + timedelta(minutes=30)
    query = f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}&bucket=15m"
    items = (await service.get(f"/v1/lots/platz/history?{query}")).json()["items"]
    return [round(item["occupied_mean"], 3) for item in items]


@pytest.mark.parametrize("order", [*list(permutations(range(4)))[::4], (3, 1, 0, 2)])
async def test_corrected_reading_breaks_no_run_in_any_order_of_arrival(
    world: World, begin: datetime, order: tuple[int, ...]
) -> None:
    async with world.service() as service, world.wire() as wire:
        for index in order:
            await take(service, wire, messages(begin)[index])
        await until(lambda: bay(service), is_free_since(begin))
        await until(lambda: occupied(service, begin), lambda found: found == [0, 0])
        # Delivered again, as after a restart of the broker, it still says nothing.
        await wire.send(messages(begin)[1], "platz-1")
        await wire.observe("platz-2", occupied=False)
        await until(lambda: service.fetch("select from parking.bay_event"), lambda r: len(r) == 5)
        assert is_free_since(begin)(await bay(service))
    async with world.service() as service:
        assert is_free_since(begin)(await bay(service))


async def test_history_forgets_a_reading_that_was_refuted_later(
    world: World, begin: datetime
) -> None:
    async with world.service() as service, world.wire() as wire:
        *said, correction = messages(begin)
        for message in said:
            await take(service, wire, message)
        await until(lambda: bay(service), is_free_since(begin + timedelta(minutes=20)))
        await until(lambda: occupied(service, begin), lambda found: found == [0.333, 0.333])
        await take(service, wire, correction)
        await until(lambda: occupied(service, begin), lambda found: found == [0, 0])
        await until(lambda: bay(service), is_free_since(begin))


@pytest.mark.parametrize("known_before", [True, False])
async def test_reading_that_is_gone_without_replacement_is_learnt_from_the_view(
    world: World, begin: datetime, *, known_before: bool
) -> None:
    middle, late = begin + timedelta(minutes=10), begin + timedelta(minutes=20)
    async with world.service() as service, decoders_database(world) as decoder:
        refuted_at = None if known_before else utc_now()
        await decoder.execute(OBSERVED, begin, 1, "first", FREE, None)
        await decoder.execute(OBSERVED, middle, 2, WRONG, OCCUPIED, refuted_at)
        await decoder.execute(OBSERVED, late, 3, "last", FREE, None)
        await until(lambda: service.fetch("select from parking.bay_event"), lambda r: len(r) == 3)
        if known_before:
            await until(lambda: bay(service), is_free_since(late))
            await decoder.execute(
                "update uplink.observation set superseded_at = now() where seq = 2"
            )
        await until(lambda: bay(service), is_free_since(begin))
        await until(lambda: occupied(service, begin), lambda found: found == [0, 0])
    async with world.service() as service, world.wire() as wire:
        # What the broker still had says nothing either.
        await wire.send(messages(begin)[1], "platz-1")
        await wire.observe("platz-2", occupied=False)
        await until(lambda: service.fetch("select from parking.bay_event"), lambda r: len(r) == 4)
        assert is_free_since(begin)(await bay(service))


async def test_bay_whose_only_reading_is_refuted_is_unknown_again(
    world: World, begin: datetime
) -> None:
    async with world.service() as service, decoders_database(world) as decoder:
        await decoder.execute(OBSERVED, begin, 1, WRONG, OCCUPIED, None)
        await until(lambda: bay(service), lambda answer: answer["state"] == "occupied")
        await decoder.execute("update uplink.observation set superseded_at = now()")
        found = await until(lambda: bay(service), lambda answer: answer["state"] == "unknown")
        assert (found["since"], found["measured_at"]) == (None, None)
        lot = (await service.get("/v1/lots/platz")).json()
        assert (lot["occupied"], lot["unknown"]) == (0, 4)
    async with world.service() as service:
        assert (await bay(service))["state"] == "unknown"


async def test_what_is_looked_up_of_a_bay_gives_the_track_of_all_that_stands(
    world: World, begin: datetime
) -> None:
    dice = random.Random(7)
    said = {
        (bay_id, at, event_id): Observation(
            event_id=f"{event_id}{bay_id}",
            bay_id=BayId(bay_id),
            observed_at=begin + timedelta(minutes=at),
            reading=dice.choice(list(Reading)),
            simulated=dice.random() < 0.3,
            sensor=SensorId(dice.choice(["", "", "magnet", "camera"])),
        )
        for bay_id in (f"platz-{number}" for number in range(150))
        for at, event_id in {
            (dice.randrange(6), dice.choice("aAzZ09.:")) for _ in range(dice.randrange(1, 10))
        }
    }
    refuted = {each.key for each in said.values() if dice.random() < 0.3}
    stored = [
        BayEvent(each, "/test", begin, superseded=each.key in refuted) for each in said.values()
    ]
    async with Database.open(world.database_url, schema="parking", size=1) as database:
        await database.persist(lambda connection: events.insert(connection, stored))
        named = {(each.bay_id, each.sensor) for each in said.values() if each.sensor}
        await database.persist(lambda connection: events.note_sensors(connection, named))
        bays = {each.bay_id for each in said.values()}
        found = await database.persist(lambda connection: events.standing(connection, bays))
    for bay_id in bays:
        left = [e for e in said.values() if e.bay_id == bay_id and e.key not in refuted]
        assert track_of(found[bay_id]) == track_of(left)
    assert sum(not kept for kept in found.values()) > 0

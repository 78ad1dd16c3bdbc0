# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from parking_occupancy.city.apply import apply_city
from stadttakt_runtime.mqtt import Outgoing
from support.stack import fresh_stack

from .harness import World, ago, eventually, until, write_city

MISSED = """
insert into uplink.observation (observed_at, seq, event_id, uplink_id, kind, topic, source_id,
    subject, asset_id, dev_eui, received_at, simulated, writer, data)
values ($1, $2, $3, gen_random_uuid(), 'bay-occupancy', '', 'test', 'bay/' || $4, $4, 'test',
    now(), false, 'test', $5)
"""


@asynccontextmanager
async def decoders_database(world: World) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(world.database_url, server_settings={"role": "uplink"})
    yield connection
    await connection.close()


async def test_restart_keeps_state_and_sequence(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", number == 1)
        before = await until(service.sign, lambda sign: sign["free"] == 3)
        bay = (await service.get("/v1/bays/platz-1")).json()
    async with world.service() as service, world.wire() as wire:
        after = await service.sign()
        assert (after["free"], after["state"]) == (3, "free")
        assert after["sequence"] >= before["sequence"]
        assert (await service.get("/v1/bays/platz-1")).json() == bay
        await wire.observe("platz-1", occupied=False)
        changed = await until(service.sign, lambda sign: sign["free"] == 4)
        assert changed["sequence"] > after["sequence"]


async def test_observations_that_come_while_the_service_is_away_are_taken_afterwards(
    world: World,
) -> None:
    async with world.service():
        pass
    async with world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        async with world.service() as service:
            await until(service.sign, lambda sign: sign["free"] == 4)


async def test_restart_publishes_what_never_reached_the_broker(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.observe("platz-1", occupied=True)
        await eventually(lambda: wire.last("bay/platz-1").get("state") == "occupied")
        bay = (await service.get("/v1/bays/platz-1")).json()
    async with world.wire() as wire:
        await wire.mqtt.publish_all(
            [Outgoing(wire.topics.state("bay", "platz-1"), b"", retain=True)]
        )
    async with world.wire() as wire, world.service():
        await eventually(lambda: wire.last("bay/platz-1").get("state") == "occupied")
        assert wire.last("bay/platz-1")["since"] == bay["since"]


@pytest.mark.parametrize("forgotten", ["everything", "one state"])
async def test_broker_that_forgot_states_gets_them_again(
    database_url: str, tmp_path: Path, forgotten: str
) -> None:
    await asyncio.to_thread(apply_city, write_city(tmp_path), database_url)
    with fresh_stack() as own:
        own.mosquitto.start()
        own.mosquitto.wait_ready()
        world = World(database_url, own.mosquitto.url)
        async with world.service():
            async with world.wire() as wire:
                await wire.observe("platz-1", occupied=True)
                await eventually(lambda: wire.last("bay/platz-1").get("state") == "occupied")
                if forgotten == "one state":
                    empty = Outgoing(wire.topics.state("bay", "platz-1"), b"", retain=True)
                    await wire.mqtt.publish_all([empty])
            own.mosquitto.stop()
            if forgotten == "everything":
                own.mosquitto.remove_data()
            own.mosquitto.start()
            own.mosquitto.wait_ready()
            async with world.wire() as newcomer:
                await eventually(lambda: newcomer.last("sign/tor"), within_s=30)
                await eventually(lambda: newcomer.last("bay/platz-1").get("state") == "occupied")


async def test_missed_observations_are_fetched_from_the_decoders_view(world: World) -> None:
    async with world.service() as service, decoders_database(world) as decoder:
        free = '{"occupied": false}'
        rows = [(ago(10), seq, f"missed-{seq}", f"platz-{seq}", free) for seq in range(1, 5)]
        await decoder.executemany(MISSED, [*rows, (ago(1), 9, "x", "elsewhere", "{}")])
        await until(service.sign, lambda sign: sign["free"] == 4)
        await until(
            lambda: service.fetch("select seq from parking.catch_up"),
            lambda found: [row["seq"] for row in found] == [9],
        )
        # Committed late, with a lower sequence than the mark.
        await decoder.execute(MISSED, ago(1), 7, "late", "platz-1", '{"occupied": true}')
        await until(service.sign, lambda sign: sign["free"] == 3)
        assert len(await service.fetch("select * from parking.bay_event")) == 5


async def test_no_decoder_in_the_database_is_no_error(world: World) -> None:
    async with decoders_database(world) as decoder:
        await decoder.execute("drop schema uplink cascade")
    async with world.service() as service, world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        await until(service.sign, lambda sign: sign["free"] == 4)
        await asyncio.sleep(1.5)
        assert await service.fetch("select * from parking.catch_up") == []


async def test_city_apply_is_idempotent_and_seen_within_seconds(
    world: World, tmp_path: Path
) -> None:
    async with world.service() as service, world.wire() as wire:
        await eventually(lambda: wire.last("bay/platz-4"))
        again = await asyncio.to_thread(apply_city, write_city(tmp_path), world.database_url)
        assert [line.partition("(")[2] for line in again] == ["0 new or changed, 0 retired)"] * 3
        sequence = (await service.sign())["sequence"]
        smaller = write_city(tmp_path, bays=3, sign="    texts: {unknown: WEG}\n")
        changed = await asyncio.to_thread(apply_city, smaller, world.database_url)
        assert changed[1] == "bays: 3 (0 new or changed, 1 retired)"
        sign = await until(service.sign, lambda sign: sign["text"] == "WEG", within_s=3)
        assert sign["sequence"] == sequence + 1
        assert (await service.get("/v1/lots/platz")).json()["capacity"] == 3
        assert (await service.get("/v1/bays/platz-4")).status_code == 404
        await eventually(lambda: wire.states["bay/platz-4"][-1] is None)
        retired = await service.fetch("select bay_id from parking.bay where retired_at is not null")
        assert [row["bay_id"] for row in retired] == ["platz-4"]


async def test_a_new_bay_is_known_with_its_first_observation(world: World, tmp_path: Path) -> None:
    async with world.service() as service, world.wire() as wire:
        await asyncio.to_thread(apply_city, write_city(tmp_path, bays=5), world.database_url)
        await wire.observe("platz-5", occupied=True)
        await until(
            lambda: service.get("/v1/bays/platz-5"),
            lambda answer: answer.status_code == 200 and answer.json()["state"] == "occupied",
        )
        assert await service.fetch("select * from parking.rejected") == []

# SPDX-License-Identifier: EUPL-1.2
"""What is not taken: while a batch waits for its turn, and of what the broker did not bring."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from prometheus_client import REGISTRY

from parking_occupancy.city.apply import apply_city
from parking_occupancy.consumer import Consumer, _read_all
from parking_occupancy.keeper import Keeper
from parking_occupancy.storage import configuration
from stadttakt_runtime.mqtt import Message

from .harness import Running, World, ago, observation, until, write_city

MISSED = """
insert into uplink.observation (observed_at, seq, event_id, uplink_id, kind, topic, source_id,
    subject, asset_id, dev_eui, received_at, simulated, writer, data)
values ($1, $2, $3, gen_random_uuid(), $4, '', 'test', $5, $6, 'test', now(), false, 'test', $7)
"""
FREE, COUNTED = '{"occupied": false}', '{"mode": "delta", "in": 1, "out": 0}'


async def miss(
    world: World, seq: int, event_id: str, asset: str, *, data: str = FREE, at: datetime | None
) -> None:
    """Store an observation where the decoder does, without the broker."""
    kind = "vehicle-count" if data == COUNTED else "bay-occupancy"
    subject = f"lot/{asset}/gate/nord" if data == COUNTED else f"bay/{asset}"
    decoder = await asyncpg.connect(world.database_url, server_settings={"role": "uplink"})
    try:
        await decoder.execute(MISSED, at or ago(5), seq, event_id, kind, subject, asset, data)
    finally:
        await decoder.close()


async def heard(service: Running, event_id: str) -> None:
    sql = "select from parking.bay_event where event_id = $1"
    await until(lambda: service.fetch(sql, event_id), len)


async def in_quarantine(service: Running) -> list[tuple[Any, ...]]:
    sql = "select payload, topic, reason, times from parking.rejected"
    rows = await service.fetch(sql)
    return sorted((orjson.loads(row["payload"])["id"], *row[1:]) for row in rows)


async def test_what_is_refused_of_missed_observations_is_counted_and_quarantined_once(
    world: World,
) -> None:
    reasons = ("time_in_future", "unknown_bay", "unknown_gate", "wrong_form")
    before = {reason: _rejected(reason) for reason in reasons}
    async with world.service() as service, world.wire() as wire:
        await miss(world, 1, "first", "platz-1", at=None)
        await heard(service, "first")
        await wire.send(observation("gone", occupied=True, event_id="by-broker"), "gone")
        await until(lambda: in_quarantine(service), len)
        await miss(world, 2, "by-broker", "gone", at=None)
        await miss(world, 3, "future", "platz-1", at=ago(-3600))
        await miss(world, 4, "gone-2", "gone", at=None)
        await miss(world, 5, "nonsense", "platz-2", data='{"occupied": "perhaps"}', at=None)
        await miss(world, 6, "gate", "platz", data=COUNTED, at=None)
        await miss(world, 7, "second", "platz-1", at=None)
        await heard(service, "second")
        bays, root = f"{world.root}/observation/bay-occupancy", f"{world.root}/observation"
        refused = [
            ("by-broker", f"{bays}/gone", "unknown_bay", 1),
            ("future", f"{bays}/platz-1", "time_in_future", 1),
            ("gate", f"{root}/vehicle-count/platz/nord", "unknown_gate", 1),
            ("gone-2", f"{bays}/gone", "unknown_bay", 1),
            ("nonsense", f"{bays}/platz-2", "wrong_form", 1),
        ]
        assert await until(lambda: in_quarantine(service), lambda rows: len(rows) == 5) == refused
        counted = {reason: _rejected(reason) - before[reason] for reason in reasons}
        assert counted == {
            "time_in_future": 1,
            "unknown_bay": 2,
            "unknown_gate": 1,
            "wrong_form": 1,
        }
    # Another life reads the same stretch of the view again.
    async with world.service() as service:
        await miss(world, 8, "third", "platz-1", at=None)
        await heard(service, "third")
        assert await in_quarantine(service) == refused
        assert _rejected("unknown_bay") - before["unknown_bay"] == 2


async def test_missed_observation_of_a_bay_is_taken_once_the_bay_is_configured(
    world: World, tmp_path: Path
) -> None:
    async with world.service() as service:
        await miss(world, 1, "first", "platz-1", at=None)
        await heard(service, "first")
        await miss(world, 2, "early", "platz-5", at=None)
        await until(lambda: in_quarantine(service), len)
        larger = write_city(tmp_path, bays=5)
        await asyncio.to_thread(apply_city, larger, world.database_url)
        await heard(service, "early")


def _rejected(reason: str) -> float:
    return REGISTRY.get_sample_value("stadttakt_parking_rejected_total", {"reason": reason}) or 0


@pytest.mark.parametrize("bays", [3, 4])
async def test_batch_is_sorted_anew_where_the_configuration_changed_while_it_waited(
    world: World, tmp_path: Path, bays: int
) -> None:
    async with world.service() as service, world.wire() as wire:
        keeper: Keeper = service.app.state.keeper
        consumer = Consumer(wire.mqtt, keeper, batch_size=10, linger_s=0)
        read = await _read_all([message(world, "platz-1"), message(world, "platz-4")])
        async with keeper._turn:
            waiting = asyncio.create_task(consumer._handle(read))
            # It was found to be configured, and waits behind what is done now.
            await asyncio.sleep(0)
            assert not waiting.done()
            city = write_city(tmp_path, bays=bays)
            await asyncio.to_thread(apply_city, city, world.database_url)
            keeper._replace_city(await service.database.persist(configuration.load))
        for receipt in await waiting:
            await receipt
        taken = await service.fetch("select bay_id from parking.bay_event order by bay_id")
        refused = await service.fetch("select reason, topic from parking.rejected")
        told = [row["bay_id"] for row in taken], [tuple(row) for row in refused]
        topic = wire.topics.bay_occupancy("platz-4")
        assert (
            told
            == {
                3: (["platz-1"], [("unknown_bay", topic)]),
                4: (["platz-1", "platz-4"], []),
            }[bays]
        )


def message(world: World, bay: str) -> Message:
    topic = f"{world.root}/observation/bay-occupancy/{bay}"
    payload = observation(bay, occupied=True)
    return Message(topic, payload, qos=1, dup=False, retain=False, mid=1, epoch=1)

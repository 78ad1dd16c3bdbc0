# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from prometheus_client import REGISTRY

from vehicle_occupancy.city.apply import apply_city

from .harness import Running, World, ago, count, until, write_city

MISSED = """
insert into uplink.observation (observed_at, seq, event_id, uplink_id, kind, topic, source_id,
    subject, asset_id, dev_eui, received_at, simulated, writer, data)
values ($1, $2, $3, gen_random_uuid(), $4, '', 'test', $5, 'tram-1', 'test', now(), false, 'test',
    $6)
"""
BOARDED = {"mode": "delta", "counts": [{"class": "adult", "in": 12, "out": 0}]}
CROWD = {"mode": "delta", "counts": [{"class": "adult", "in": 401, "out": 0}]}
FIRST, GONE = "vehicle/tram-1/door/1", "vehicle/gone/door/1"
DOOR, DEVICES, AXLES = "passenger-count", "device-presence", "axle-load"
BLAMED = "alter table transit.reading add constraint no_blamed check (event_id <> 'blamed')"

Row = tuple[datetime, int, str, str, str, dict[str, Any]]


async def miss(world: World, *rows: Row) -> None:
    """Store observations where the decoder does, without the broker."""
    decoder = await asyncpg.connect(world.database_url, server_settings={"role": "uplink"})
    try:
        for *fields, data in rows:
            await decoder.execute(MISSED, *fields, orjson.dumps(data).decode())
    finally:
        await decoder.close()


async def heard(service: Running, *event_ids: str) -> None:
    """Wait until these readings are stored, and no others."""
    await until(
        lambda: service.fetch("select event_id from transit.reading order by event_id"),
        lambda rows: [row["event_id"] for row in rows] == sorted(event_ids),
    )


async def in_quarantine(service: Running) -> list[tuple[Any, ...]]:
    rows = await service.fetch("select payload, topic, reason, times from transit.rejected")
    return sorted((orjson.loads(row["payload"])["id"], *row[1:]) for row in rows)


def counted(reason: str) -> float:
    return REGISTRY.get_sample_value("stadttakt_transit_rejected_total", {"reason": reason}) or 0


async def test_observations_that_the_broker_did_not_bring_are_fetched_once(world: World) -> None:
    before = counted("unknown_door")
    async with world.service() as service:
        await miss(
            world,
            (ago(50), 1, "u:0", DOOR, "vehicle/tram-1/door/1", BOARDED),
            (ago(40), 2, "u:1", DEVICES, "vehicle/tram-1", {"wifi": 20, "ble": 14}),
            (ago(30), 3, "u:2", DOOR, "vehicle/tram-1/door/9", BOARDED),
            (ago(20), 4, "u:3", AXLES, "vehicle/tram-1", {"mass_kg": 41_000}),
        )
        found = await until(
            lambda: service.fetch("select event_id, kind from transit.reading order by event_id"),
            lambda stored: len(stored) == 3,
        )
        kinds = [("u:0", "door-count"), ("u:1", "devices-seen"), ("u:3", "axle-load")]
        assert [tuple(row) for row in found] == kinds
        topic = f"{world.root}/observation/passenger-count/tram-1/9"
        refused = [("u:2", topic, "unknown_door", 1)]
        assert await in_quarantine(service) == refused
    async with world.service() as service:
        await miss(world, (ago(10), 5, "u:4", DOOR, "vehicle/tram-1/door/1", BOARDED))
        await heard(service, "u:0", "u:1", "u:3", "u:4")
        await until(
            lambda: service.fetch("select seq from transit.catch_up"),
            lambda marks: [mark["seq"] for mark in marks] == [5],
        )
        assert await in_quarantine(service) == refused
        assert counted("unknown_door") - before == 1


def unlucky() -> list[Row]:
    """Return what cannot be taken, for all kinds of reasons, and a good one at the end."""
    return [
        (ago(70), 3, "by-broker", DOOR, GONE, BOARDED),
        (ago(60), 4, "crowd", DOOR, FIRST, CROWD),
        (ago(-3600), 5, "future", DEVICES, "vehicle/tram-2", {"wifi": 1}),
        (ago(50), 6, "gone-2", DOOR, GONE, BOARDED),
        (ago(40), 7, "blamed", DOOR, FIRST, BOARDED),
        (ago(30), 8, "nonsense", DOOR, FIRST, {"mode": "perhaps"}),
        (ago(20), 9, "weightless", AXLES, "vehicle/tram-2", {"mass_kg": None}),
        (ago(10), 10, "second", DOOR, FIRST, BOARDED),
    ]


def refused_of_unlucky(world: World) -> list[tuple[Any, ...]]:
    observed = f"{world.root}/observation"
    doors = f"{observed}/passenger-count"
    return [
        ("blamed", f"{doors}/tram-1/1", "database_refused", 1),
        ("by-broker", f"{doors}/gone/1", "unknown_vehicle", 1),
        ("crowd", f"{doors}/tram-1/1", "absurd_count", 1),
        ("future", f"{observed}/device-presence/tram-2", "time_in_future", 1),
        ("gone-2", f"{doors}/gone/1", "unknown_vehicle", 1),
        ("nonsense", f"{doors}/tram-1/1", "wrong_form", 1),
        ("weightless", f"{observed}/axle-load/tram-2", "wrong_form", 1),
    ]


async def test_what_is_refused_of_missed_observations_is_counted_and_quarantined_once(
    world: World,
) -> None:
    reasons = {
        "absurd_count": 1, "database_refused": 1, "time_in_future": 1, "unknown_vehicle": 2,
        "wrong_form": 2,
    }  # fmt: skip
    before = {reason: counted(reason) for reason in reasons}
    owner = await asyncpg.connect(world.database_url, server_settings={"role": "transit"})
    await owner.execute(BLAMED)
    await owner.close()
    async with world.service() as service, world.wire() as wire:
        await miss(world, (ago(80), 2, "first", DOOR, FIRST, BOARDED))
        await heard(service, "first")
        sent = count("gone", "1", 3, event_id="by-broker")
        await wire.send(wire.topics.passenger_count("gone", "1"), sent)
        await until(lambda: in_quarantine(service), len)
        await miss(world, *unlucky())
        await heard(service, "first", "second")
        refused = refused_of_unlucky(world)
        assert await until(lambda: in_quarantine(service), lambda rows: len(rows) == 7) == refused
        await until(lambda: service.fetch("select seq from transit.catch_up where seq = 10"), len)
        assert {reason: counted(reason) - before[reason] for reason in reasons} == reasons
    # Another life reads the same stretch of the view again.
    async with world.service() as service:
        await miss(world, (ago(5), 11, "third", DOOR, FIRST, BOARDED))
        await heard(service, "first", "second", "third")
        await until(lambda: service.fetch("select seq from transit.catch_up where seq = 11"), len)
        assert await in_quarantine(service) == refused
        assert {reason: counted(reason) - before[reason] for reason in reasons} == reasons


async def test_missed_observation_of_a_vehicle_is_taken_once_the_vehicle_is_configured(
    world: World, tmp_path: Path
) -> None:
    async with world.service() as service:
        await miss(world, (ago(50), 1, "first", DOOR, "vehicle/tram-1/door/1", BOARDED))
        await heard(service, "first")
        await miss(world, (ago(40), 2, "early", DOOR, "vehicle/tram-3/door/1", BOARDED))
        await until(lambda: in_quarantine(service), len)
        larger = write_city(tmp_path, "tram-1", "tram-2", "tram-3")
        await asyncio.to_thread(apply_city, larger, world.database_url)
        await heard(service, "early", "first")

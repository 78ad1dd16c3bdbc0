# SPDX-License-Identifier: EUPL-1.2
"""kill -9 at random moments under load: what the broker acknowledged is stored once and folded in."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import replace

import httpx
import psycopg

from stadttakt_runtime.mqtt import Outgoing
from support.service import start, wait_for
from support.stack import free_ports
from vehicle_occupancy.late import LONGEST

from .harness import Wire, World, ago, count, eventually, until

MESSAGES = 3000
DEATHS = 4
TRIP = {"line": "4", "direction": 0, "trip_id": "trip-1", "start_date": "20261126"}


def begin(world: World, port: int) -> subprocess.Popen[str]:
    settings = world.settings
    return start(
        "vehicle_occupancy",
        STADTTAKT_DATABASE_URL=world.database_url,
        STADTTAKT_MQTT_URL=world.mqtt_url,
        STADTTAKT_TOPIC_ROOT=settings.topic_root,
        STADTTAKT_INSTANCE=settings.instance,
        STADTTAKT_HTTP_PORT=str(port),
        STADTTAKT_LOG_LEVEL="error",
        STADTTAKT_TRANSIT_BATCH_SIZE="50",
    )


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


async def say_everything(wire: Wire) -> None:
    """A day's traffic of two trams in disorder: cumulative at one door, deltas at the other."""
    dice = random.Random(7)
    for vehicle in ("tram-1", "tram-2"):
        # A trip that ends leaves it empty: from there on counts are a load.
        await wire.assign(vehicle, TRIP, at=ago(3200))
        await wire.assign(vehicle, {**TRIP, "trip_id": "trip-2"}, at=ago(3100))
    said = []
    for number in range(MESSAGES // 4):
        at = ago(3000 - number * 3.9)
        for vehicle in ("tram-1", "tram-2"):
            first = count(
                vehicle,
                "1",
                2 * number,
                number,
                mode="cumulative",
                at=at,
                event_id=f"{vehicle}a{number}",
            )
            second = count(
                vehicle, "2", number % 3, number % 4, at=at, event_id=f"{vehicle}b{number}"
            )
            said += [(vehicle, "1", first), (vehicle, "2", second)]
    for place in range(0, len(said), 40):
        chunk = said[place : place + 40]
        dice.shuffle(chunk)
        await wire.mqtt.publish_all(
            [
                Outgoing(wire.topics.passenger_count(vehicle, door), payload)
                for vehicle, door, payload in chunk
            ]
        )
        await asyncio.sleep(0.08)


def loads(client: httpx.Client, bearer: dict[str, str]) -> list[tuple[object, ...]]:
    items = client.get("/v1/vehicles", headers=bearer).json()["items"]
    names = ("vehicle_id", "load", "load_min", "load_max", "level", "confidence")
    return [tuple(each[name] for name in names) for each in items]


async def test_kills_at_random_moments_lose_and_double_nothing(world: World) -> None:
    dice = random.Random(11)
    (port,) = free_ports(1)
    bearer = await world.bearer("transit:read")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        process = begin(world, port)
        try:
            await asyncio.to_thread(wait_for, client, "/ready", 200, process)
            async with world.wire() as wire, asyncio.TaskGroup() as group:
                speaking = group.create_task(say_everything(wire))
                for _ in range(DEATHS):
                    await asyncio.sleep(dice.uniform(0.5, 2.5))
                    end(process)
                    process = begin(world, port)
                    await asyncio.to_thread(wait_for, client, "/ready", 200, process)
                await speaking
            await until(
                lambda: asyncio.to_thread(stored, world),
                lambda found: found == MESSAGES,
                within_s=60,
            )
            # what came again after a death may be very late, and is put in together with the rest
            before = await until(
                lambda: asyncio.to_thread(settled, client, bearer), bool, within_s=60
            )
            assert stored(world) == MESSAGES
            end(process)
            with psycopg.connect(world.database_url, autocommit=True) as connection:
                # As if there had never been a checkpoint: all is folded from the log.
                connection.execute("delete from transit.load_checkpoint")
            process = begin(world, port)
            await asyncio.to_thread(wait_for, client, "/ready", 200, process)
            assert loads(client, bearer) == before
            assert None not in {load for _, load, *_ in before}
        finally:
            with suppress(ProcessLookupError):
                end(process)


def settled(client: httpx.Client, bearer: dict[str, str]) -> list[tuple[object, ...]] | None:
    """Return the loads once no late message can wait any more to be put in."""
    before = loads(client, bearer)
    time.sleep(LONGEST.total_seconds() + 1)
    return before if loads(client, bearer) == before else None


def stored(world: World) -> int:
    with psycopg.connect(world.database_url) as connection:
        row = connection.execute("select count(*) from transit.reading").fetchone()
    assert row is not None
    return int(row[0])


async def test_states_that_were_not_published_are_published_by_the_next_instance(
    world: World,
) -> None:
    async with world.service():
        pass
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("update transit.vehicle_state set published_version = 0")
    other = replace(world)
    async with other.service(), other.wire() as wire:
        await eventually(lambda: len(wire.states) == 4)
        assert set(wire.states) == {
            "vehicle/tram-1",
            "vehicle/tram-2",
            "vehicle-load/tram-1",
            "vehicle-load/tram-2",
        }

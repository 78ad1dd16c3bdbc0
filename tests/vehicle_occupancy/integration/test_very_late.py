# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vehicle_occupancy.city.apply import apply_city

from .harness import Running, Wire, World, ago, until, write_city

LATE, PUNCTUAL = "tram-1", "tram-2"
TRIP = {"line": "7", "direction": 0, "trip_id": "trip-1", "start_date": "20261126", "stop_id": "a"}
MANY, LATE_ONES = 24, 6


@pytest.fixture
async def world(
    database_url: str, mqtt_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    city = write_city(tmp_path, LATE, PUNCTUAL)
    await asyncio.to_thread(apply_city, city, database_url)
    # a late message is put in its place from memory where few others came after it
    monkeypatch.setattr("vehicle_occupancy.domain.history.REMEMBERED", 5)
    # and what is stored is folded in pieces, so that nobody waits for years of it
    monkeypatch.setattr("vehicle_occupancy.folding.AT_ONCE", 4)
    START.update((seconds, ago(seconds)) for seconds, *_ in told())
    return World(database_url, mqtt_url)


def told() -> list[tuple[int, int, int]]:
    """Seconds ago, who boarded and alighted; the first ones are those that come late."""
    return [(3600 - 150 * n, 2 + 10 * (n == 0), int(n > LATE_ONES)) for n in range(MANY)]


async def say(wire: Wire, vehicle: str, counts: list[tuple[int, int, int]]) -> None:
    for seconds, inwards, outwards in counts:
        event_id = f"{vehicle}-{seconds}"
        door = str(1 + seconds // 150 % 2)
        await wire.count(vehicle, door, inwards, outwards, at=START[seconds], event_id=event_id)


START: dict[int, datetime] = {}
"""When each count was taken, the same for both vehicles; taken anew by each test."""


async def both_begin(wire: Wire) -> None:
    for vehicle in (LATE, PUNCTUAL):
        await wire.assign(vehicle, TRIP, at=ago(4000))
        await wire.assign(vehicle, {**TRIP, "trip_id": "trip-2"}, at=ago(3900))
    await say(wire, PUNCTUAL, told())
    await say(wire, LATE, told()[LATE_ONES:])


async def loads(running: Running, world: World) -> list[Any]:
    entitled = await world.bearer("transit:read")
    items = (await running.get("/v1/vehicles", **entitled)).json()["items"]
    return [(each["load"], each["load_min"], each["load_max"]) for each in items]


async def stored(running: Running) -> int:
    return int((await running.fetch("select count(*) from transit.reading"))[0][0])


async def test_what_comes_very_late_is_in_the_load_soon_after(world: World) -> None:
    async with world.service() as running, world.wire() as wire:
        await both_begin(wire)
        await until(lambda: stored(running), lambda count: count == 2 * MANY - LATE_ONES)
        await until(lambda: loads(running, world), lambda found: found[0] != found[1])
        await say(wire, LATE, told()[:LATE_ONES])
        await until(lambda: loads(running, world), lambda found: found[0] == found[1], within_s=30)
        # checkpoints are those of the whole log again
        rows = await running.fetch(
            "select vehicle_id, count(*) from transit.load_checkpoint group by 1 order by 1"
        )
        assert rows[0]["count"] == rows[1]["count"] > 1


async def test_who_is_stopped_before_a_late_message_is_folded_knows_it_after_the_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vehicle_occupancy.service.LATE_EVERY_S", 3600.0)
    async with world.service() as running, world.wire() as wire:
        await both_begin(wire)
        await until(lambda: stored(running), lambda count: count == 2 * MANY - LATE_ONES)
        await say(wire, LATE, told()[:LATE_ONES])
        # and what is live goes on after it
        await wire.count(LATE, "1", 3, 0, at=ago(30), event_id="last-1")
        await wire.count(PUNCTUAL, "1", 3, 0, at=ago(30), event_id="last-2")
        await until(lambda: stored(running), lambda count: count == 2 * MANY + 2)
    async with world.service() as running:
        one, other = await loads(running, world)
        assert one == other


async def test_trips_that_ended_while_the_service_was_away_are_ended_as_after_a_start(
    world: World,
) -> None:
    async with world.service():
        pass
    async with world.wire() as wire:
        for number in range(70):
            trip, stop = divmod(number, 10)
            call = {"direction": trip % 2, "trip_id": f"trip-{trip}", "stop_id": f"stop-{stop}"}
            at = ago(6400 - 90 * number)
            await wire.assign(LATE, {**TRIP, **call}, at=at)
            # two of twenty are not seen to alight where each trip ends
            passed = (1, 0) if stop < 9 else (0, 8)
            for door in ("1", "2"):
                event_id, soon = f"{door}-{number}", at + timedelta(seconds=int(door))
                await wire.count(LATE, door, *passed, at=soon, event_id=event_id)
    async with world.service() as running:
        await until(lambda: stored(running), lambda count: count == 140)
        live = (await loads(running, world))[0]
    async with world.service() as running:
        again = (await loads(running, world))[0]
    assert again == live
    assert live[0] in range(5), "at each end it was empty"

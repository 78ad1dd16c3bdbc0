# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from parking_occupancy.city.apply import apply_city
from parking_occupancy.domain.days import DAY, bucket_of
from parking_occupancy.domain.history import floor
from stadttakt_runtime.clock import utc_now

from .harness import Running, Wire, World, until, write_city

HOUR = timedelta(hours=1)


@pytest.fixture
def begin() -> datetime:
    """The beginning of an hour that ended some hours ago."""
    return floor(utc_now() - 5 * HOUR, HOUR)


async def history(service: Running, query: str) -> list[dict[str, Any]]:
    answer = await service.get(f"/v1/lots/platz/history?{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def stretch(begin: datetime, bucket: str, hours: float = 1) -> str:
    end = begin + hours * HOUR
    return f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}&bucket={bucket}"


async def observe_all(wire: Wire, begin: datetime) -> None:
    for number in range(1, 5):
        await wire.observe(f"platz-{number}", occupied=False, at=begin - timedelta(minutes=1))
        await wire.observe(f"platz-{number}", occupied=False, at=begin + timedelta(minutes=50))


async def test_past_of_a_lot_is_counted_and_late_observations_change_it(
    world: World, begin: datetime
) -> None:
    async with world.service() as service, world.wire() as wire:
        await observe_all(wire, begin)
        (hour,) = await until(
            lambda: history(service, stretch(begin, "1h")), lambda items: len(items) == 1
        )
        assert (hour["free_mean"], hour["free_min"], hour["free_max"]) == (4, 4, 4)
        assert (hour["occupied_mean"], hour["completeness"]) == (0, 1)
        await wire.observe("platz-2", occupied=True, at=begin + timedelta(minutes=10))
        (hour,) = await until(
            lambda: history(service, stretch(begin, "1h")), lambda items: items[0]["free_min"] == 3
        )
        # Occupied from minute 10 to 50.
        assert hour["occupied_mean"] == pytest.approx(40 / 60)
        assert hour["free_mean"] == pytest.approx(4 - 40 / 60)
        quarters = await history(service, stretch(begin, "15m"))
        assert [round(each["occupied_mean"], 3) for each in quarters] == [0.333, 1, 1, 0.333]
        assert len(await history(service, stretch(begin, "5m"))) == 12
        assert await history(service, stretch(begin, "1d", 24)) == []


async def test_history_leaves_out_bays_that_operators_took_out_of_service(
    world: World, begin: datetime
) -> None:
    async with world.service() as service, world.wire() as wire:
        await observe_all(wire, begin)
        # As if they had been given then: the beginning and the end of one, and one that was undone.
        await service.fetch(
            "insert into parking.operator_order"
            " (entity_kind, entity_id, name, value, until, reason, author, given_at, undoes) values"
            " ('bay', 'platz-1', 'service', '{\"in_service\": false}', null, 'paint', 'a', $1, null),"
            " ('bay', 'platz-1', 'service', null, null, 'dry', 'a', $2, null),"
            " ('bay', 'platz-2', 'reservation', '{}', $3, 'fair', 'a', $1, null)",
            begin,
            begin + timedelta(minutes=15),
            begin + timedelta(minutes=30),
        )
        # What comes late has the hour counted anew.
        await wire.observe("platz-4", occupied=False, at=begin + timedelta(minutes=5))
        quarters = await until(
            lambda: history(service, stretch(begin, "15m")),
            lambda items: [item["free_mean"] for item in items] == [2, 3, 4, 4],
        )
        assert [quarter["completeness"] for quarter in quarters] == [1, 1, 1, 1]


async def test_history_of_silence_says_how_incomplete_it_is(world: World, begin: datetime) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.observe("platz-1", occupied=True, at=begin - timedelta(minutes=30))
        # One of four bays, known for the first half hour; nothing is counted that nobody observed.
        parts = await until(
            lambda: history(service, stretch(begin, "5m")), lambda items: len(items) == 7
        )
        assert [part["occupied_mean"] for part in parts] == [1] * 6 + [None]
        assert [part["free_mean"] for part in parts] == [0] * 6 + [None]
        assert (parts[6]["free_min"], parts[6]["free_max"]) == (None, None)
        assert [part["completeness"] for part in parts] == [0.25] * 6 + [0]
        assert [part["unknown_mean"] for part in parts] == [3] * 6 + [4]


async def test_days_of_history_are_those_of_the_city_and_made_anew_with_its_zone(
    bare_world: World, tmp_path: Path
) -> None:
    city = write_city(tmp_path, bays=2, limit_s=200_000)
    # two places of four have no sensor
    lots = city / "parking" / "lots.yaml"
    lots.write_text(lots.read_text().replace("capacity: 2", "capacity: 4"))
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    zone = ZoneInfo("Europe/Berlin")
    day = bucket_of(utc_now() - timedelta(days=2), DAY, zone)
    query = f"from={day.begin:%Y-%m-%dT%H:%M:%SZ}&to={day.end:%Y-%m-%dT%H:%M:%SZ}&bucket=1d"
    async with bare_world.service() as service, bare_world.wire() as wire:
        for at in (day.begin - HOUR, day.begin + 20 * HOUR):
            await wire.observe("platz-1", occupied=True, at=at)
            await wire.observe("platz-2", occupied=False, at=at)
        # no zone is configured: days are those of UTC
        (utc,) = await until(lambda: history(service, query), lambda items: len(items) == 1)
        assert utc["start"] == f"{day.end:%Y-%m-%d}T00:00:00Z"
        (city / "city.yaml").write_text("city_id: test\ntimezone: Europe/Berlin\n")
        await asyncio.to_thread(apply_city, city, bare_world.database_url)
        (found,) = await until(
            lambda: history(service, query),
            lambda items: items and items[0]["start"] == f"{day.begin:%Y-%m-%dT%H:%M:%SZ}",
        )
        assert (found["free_mean"], found["occupied_mean"], found["unknown_mean"]) == (1, 1, 2)
        assert (found["completeness"], found["known_share"]) == (0.5, 1)


async def test_observations_from_before_the_first_start_are_counted(
    world: World, begin: datetime
) -> None:
    async with world.service() as service, world.wire() as wire:
        await observe_all(wire, begin)
        await until(lambda: service.fetch("select from parking.bay_event"), lambda r: len(r) == 8)
    async with world.service() as service:
        await service.fetch("delete from parking.history_clock")
        await service.fetch("delete from parking.lot_history")
    async with world.service() as service:
        quarters = await until(
            lambda: history(service, stretch(begin, "15m")), lambda items: len(items) == 4
        )
        assert {each["free_mean"] for each in quarters} == {4}


@pytest.mark.parametrize(
    "query",
    [
        "bucket=7m",
        "from=yesterday",
        "from=2026-11-01T00:00:00",
        "from=0001-01-01T00:00:00Z",
        "to=9999-12-31T23:59:59Z",
        "from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z",
        "from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&bucket=5m",
    ],
)
async def test_impossible_stretches_are_problems(world: World, query: str) -> None:
    async with world.service() as service:
        answer = await service.get(f"/v1/lots/platz/history?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert (await service.get("/v1/lots/none/history")).status_code == 404

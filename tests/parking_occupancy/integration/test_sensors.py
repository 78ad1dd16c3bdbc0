# SPDX-License-Identifier: EUPL-1.2
"""Several sensors on one bay: what is shown, stored, told and counted of them."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from parking_occupancy.city.apply import apply_city
from parking_occupancy.domain.history import floor
from stadttakt_runtime.clock import utc_now

from .harness import Running, World, ago, observation, until, write_city
from .test_alarms import alerts
from .test_history import history, stretch
from .test_refuted import FREE, OCCUPIED, decoders_database
from .test_stays import arrived, turnover

MINUTE = timedelta(minutes=1)
SEEN_BY = """
insert into uplink.observation (observed_at, seq, event_id, uplink_id, kind, topic, source_id,
    subject, asset_id, dev_eui, received_at, simulated, writer, data)
values ($1, $2, $3, gen_random_uuid(), 'bay-occupancy', '', 'test', 'bay/platz-1', 'platz-1',
    $4, now(), false, 'test', $5)
"""


@pytest.fixture
async def world(bare_world: World, tmp_path: Path) -> World:
    """A lot of four bays whose sensors may contradict each other for a minute."""
    lot = "    contradiction_grace_s: 60\n    unknown_limit: 1\n"
    folder = write_city(tmp_path, lot=lot)
    await asyncio.to_thread(apply_city, folder, bare_world.database_url)
    return bare_world


async def bay(service: Running) -> dict[str, Any]:
    answer: dict[str, Any] = (await service.get("/v1/bays/platz-1")).json()
    return answer


def is_so(state: str, reason: str | None = None) -> Any:
    return lambda answer: (answer["state"], answer["reason"]) == (state, reason)


async def test_contradicting_sensors_make_the_bay_unknown_are_counted_alarmed_and_listed(
    world: World,
) -> None:
    key = await world.key("parking:operate")
    async with world.service() as service, world.wire() as wire:
        service.client.headers["Authorization"] = f"Bearer {key}"
        for number in (2, 3, 4):
            await wire.observe(f"platz-{number}", occupied=False)
        await wire.observe("platz-1", occupied=False, at=ago(600), sensor="magnet")
        await wire.observe("platz-1", occupied=False, at=ago(590), sensor="camera")
        await until(lambda: bay(service), is_so("free"))
        await wire.observe("platz-1", occupied=True, at=ago(300), sensor="magnet")
        await until(lambda: bay(service), is_so("unknown", "contradicting"))
        lot = (await service.get("/v1/lots/platz")).json()
        assert (lot["free_min"], lot["free_max"], lot["unknown"]) == (3, 4, 1)
        listed = (await service.get("/v1/bays?reason=contradicting")).json()["items"]
        assert [each["bay_id"] for each in listed] == ["platz-1"]
        assert (await service.get("/v1/bays?reason=tired")).status_code == 422
        await until(lambda: alerts(service), lambda told: ("bay-contradicting", "platz-1") in told)
        (row,) = await service.fetch(
            "select details from parking.alert where kind = 'bay-contradicting'"
        )
        assert '"free_by": "camera"' in row["details"]
        assert '"occupied_by": "magnet"' in row["details"]
        await wire.observe("platz-1", occupied=True, sensor="camera")
        await until(lambda: bay(service), is_so("occupied"))
        await until(
            lambda: alerts(service), lambda told: ("bay-contradicting", "platz-1") not in told
        )


async def test_contradiction_is_the_same_after_a_restart(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.observe("platz-1", occupied=False, at=ago(590), sensor="camera")
        await wire.observe("platz-1", occupied=True, at=ago(300), sensor="magnet")
        before = await until(lambda: bay(service), is_so("unknown", "contradicting"))
    async with world.service() as service, world.wire() as wire:
        after = await bay(service)
        assert {**after, "valid_until": None} == {**before, "valid_until": None}
        # The run of the camera began before the restart.
        await wire.observe("platz-1", occupied=False, at=ago(10), sensor="magnet")
        found = await until(lambda: bay(service), is_so("free"))
        assert found["since"] > before["since"]


async def test_contradiction_begins_by_itself_when_the_grace_is_over(
    bare_world: World, tmp_path: Path
) -> None:
    folder = write_city(tmp_path, lot="    contradiction_grace_s: 2\n")
    await asyncio.to_thread(apply_city, folder, bare_world.database_url)
    async with bare_world.service() as service, bare_world.wire() as wire:
        await wire.observe("platz-1", occupied=False, at=ago(60), sensor="magnet")
        await wire.observe("platz-1", occupied=False, at=ago(60), sensor="camera")
        await wire.observe("platz-1", occupied=True, sensor="magnet")
        await until(lambda: bay(service), is_so("occupied"))
        await until(lambda: bay(service), is_so("unknown", "contradicting"))


@pytest.mark.parametrize("order", random.Random(3).sample(list(permutations(range(5))), 6))
async def test_any_order_of_arrival_of_several_sensors_ends_the_same(
    world: World, order: tuple[int, ...]
) -> None:
    start = utc_now() - timedelta(minutes=20)
    said = [
        (0, "magnet", False), (1, "camera", False), (600, "magnet", True),
        (620, "camera", True), (700, "camera", True),
    ]  # fmt: skip
    messages = [
        observation("platz-1", taken, at=start + timedelta(seconds=s), sensor=who, event_id=f"e{s}")
        for s, who, taken in said
    ]
    async with world.service() as service, world.wire() as wire:
        for index in order:
            await wire.send(messages[index], "platz-1")
            if index % 2:
                await wire.send(messages[index], "platz-1")
        rows = "select from parking.bay_event"
        await until(lambda: service.fetch(rows), lambda found: len(found) == 5)
        found = await until(lambda: bay(service), is_so("occupied"))
        since = (start + timedelta(seconds=600)).strftime("%Y-%m-%dT%H:%M:%S")
        assert found["since"].startswith(since)


async def test_refuted_reading_of_one_sensor_leaves_what_the_others_said(world: World) -> None:
    async with world.service() as service, decoders_database(world) as decoder:
        await decoder.execute(SEEN_BY, ago(900), 1, "u:0", "camera", FREE)
        await decoder.execute(SEEN_BY, ago(890), 2, "v:0", "magnet", FREE)
        await decoder.execute(SEEN_BY, ago(600), 3, "w:0", "magnet", OCCUPIED)
        await until(lambda: bay(service), is_so("unknown", "contradicting"))
        await decoder.execute("update uplink.observation set superseded_at = now() where seq = 3")
        await until(lambda: bay(service), is_so("free"))


async def test_past_and_stays_of_a_bay_with_two_sensors_are_those_they_agree_on(
    world: World,
) -> None:
    begin: datetime = floor(utc_now() - timedelta(hours=5), timedelta(hours=1))
    said = [
        (-1, "magnet", False), (-1, "camera", False), (0.1, "camera", False), (10, "magnet", True),
        (10.5, "camera", True), (30, "magnet", False), (30.5, "camera", False),
        # The camera never sees this one: unknown from a minute after it on, no stay.
        (40, "magnet", True), (45, "camera", False), (50, "magnet", False),
    ]  # fmt: skip
    async with world.service() as service, world.wire() as wire:
        for minute, who, taken in said:
            await wire.observe("platz-1", taken, at=begin + minute * MINUTE, sensor=who)
        (hour,) = await until(
            lambda: history(service, stretch(begin, "1h")),
            lambda items: len(items) == 1 and items[0]["completeness"] > 0,
        )
        assert hour["occupied_mean"] == pytest.approx((20 + 1) / (60 - 9), abs=1e-3)
        assert hour["completeness"] == pytest.approx((60 - 9) / 60 / 4, abs=1e-3)
        told = await until(lambda: turnover(service, begin), arrived(1))
        assert told["total"]["departures"]["value"] == 1


async def test_sensor_that_was_retired_contradicts_its_successor_no_more(world: World) -> None:
    retire = """insert into uplink.device (dev_eui, name, origin, retired_at)
        values ($1, 'old', 'operator', now())"""
    async with (
        world.service() as service,
        world.wire() as wire,
        decoders_database(world) as decoder,
    ):
        await wire.observe("platz-1", occupied=False, at=ago(600), sensor="0200000000000001")
        await wire.observe("platz-1", occupied=True, at=ago(60), sensor="0200000000000002")
        await until(lambda: bay(service), is_so("unknown", "contradicting"))
        await decoder.execute(retire, "0200000000000001")
        found = await until(lambda: bay(service), is_so("occupied"))
        rows = "select from parking.bay_event where event_id like 'retired/%'"
        await asyncio.sleep(2.5)
        assert len(await service.fetch(rows)) == 1
        # Reinstated, it counts as soon as it speaks.
        await decoder.execute("update uplink.device set retired_at = null")
        await wire.observe("platz-1", occupied=False, sensor="0200000000000001")
        await until(lambda: bay(service), is_so("free"))
        assert found["since"] < (await bay(service))["since"]

# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import signal
import threading
import time
from pathlib import Path

from parking_occupancy.city.apply import apply_city
from parking_occupancy.migrations import MIGRATIONS
from stadttakt_runtime.migrations.platform import PLATFORM
from stadttakt_runtime.migrations.upgrade import drift, migrate
from support.database import empty_database
from support.service import running, start, wait_for
from support.stack import Stack, fresh_stack

from .harness import World, eventually, until, write_city

NOT_THE_NEWEST = """
select s.bay_id from parking.bay_state s
  join lateral (select reading, event_id from parking.bay_event e where e.bay_id = s.bay_id
                 order by observed_at desc, event_id desc limit 1) newest on true
 where s.newest_event_id <> newest.event_id or s.state <> newest.reading
"""


def test_tables_and_revisions_agree(database_url: str) -> None:
    assert drift(database_url, MIGRATIONS) is None


def test_service_refuses_a_database_without_its_schema(stack: Stack, mqtt_url: str) -> None:
    with empty_database(stack) as url:
        process = start(
            "parking_occupancy", STADTTAKT_DATABASE_URL=url, STADTTAKT_MQTT_URL=mqtt_url
        )
        _, log = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "run: stadttakt migrate parking" in log


def test_service_is_ready_and_leaves_on_sigterm(
    database_url: str, mqtt_url: str, topic_root: str
) -> None:
    with running(
        "parking_occupancy",
        STADTTAKT_DATABASE_URL=database_url,
        STADTTAKT_MQTT_URL=mqtt_url,
        STADTTAKT_TOPIC_ROOT=topic_root,
        STADTTAKT_INSTANCE=topic_root.replace("/", "-"),
    ) as client:
        assert wait_for(client, "/ready", 200).json() == {"status": "ready"}
        assert "stadttakt_parking_batch_size" in client.get("/metrics").text
        assert client.get("/v1/signs").json()["items"] == []


def kill_again_and_again(
    environment: dict[str, str], killing: threading.Event, stop: threading.Event
) -> None:
    while not stop.is_set():
        process = start("parking_occupancy", **environment)
        stop.wait(2.5)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killing.set()


async def test_killed_service_shows_the_newest_observation_of_every_bay(
    bare_world: World, tmp_path: Path
) -> None:
    city = write_city(tmp_path, bays=20)
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    environment = {
        "STADTTAKT_DATABASE_URL": bare_world.database_url,
        "STADTTAKT_MQTT_URL": bare_world.mqtt_url,
        "STADTTAKT_TOPIC_ROOT": bare_world.root,
        "STADTTAKT_INSTANCE": bare_world.settings.instance,
        "STADTTAKT_PARKING_HTTP_PORT": "0",
    }
    async with bare_world.service():
        pass
    killing, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=kill_again_and_again, args=(environment, killing, stop))
    thread.start()
    sent = 0
    async with bare_world.wire("sign/#") as wire:
        until_s = time.monotonic() + 9
        while time.monotonic() < until_s:
            sent += 1
            await wire.observe(f"platz-{sent % 20 + 1}", sent % 3 == 0, event_id=f"kill-{sent}")
            await asyncio.sleep(0.002)
    stop.set()
    await asyncio.to_thread(thread.join)
    assert killing.is_set()
    async with bare_world.service() as service:
        await until(
            lambda: service.fetch("select count(*) from parking.bay_event"),
            lambda rows: rows[0][0] == sent,
        )
        assert await service.fetch(NOT_THE_NEWEST) == []
        free = await service.fetch("select 1 from parking.bay_state where state = 'free'")
        assert (await service.sign())["free"] == len(free)


async def test_database_away_loses_nothing_and_withdraws_the_number(tmp_path: Path) -> None:
    with fresh_stack() as stack, stack.postgres, stack.mosquitto:
        url = stack.postgres.url
        await asyncio.to_thread(migrate, url, [PLATFORM, MIGRATIONS])
        city = write_city(tmp_path, sign="    hold_s: 3\n")
        await asyncio.to_thread(apply_city, city, url)
        world = World(url, stack.mosquitto.url)
        async with world.service() as service, world.wire() as wire:
            for number in range(1, 5):
                await wire.observe(f"platz-{number}", occupied=False)
            await until(service.sign, lambda sign: sign["free"] == 4)
            # In this thread: the server ends with the thread that started it.
            stack.postgres.kill()
            await wire.observe("platz-1", occupied=True)
            over = await until(service.sign, lambda sign: sign["state"] == "unknown", within_s=5)
            assert (over["text"], over["free"]) == ("P", None)
            stack.postgres.start()
            back = await until(service.sign, lambda sign: sign["free"] == 3, within_s=30)
            assert back["sequence"] > over["sequence"]
            await eventually(lambda: wire.last("sign/tor").get("free") == 3)

# SPDX-License-Identifier: EUPL-1.2
import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from simulators.simulated_city import HALLE, halle
from stadttakt_simulators.clock import SECOND, EpochNs
from stadttakt_simulators.publisher import Broker
from stadttakt_simulators.transit.live import LiveTransit
from stadttakt_simulators.transit.runner import TransitRun, run
from stadttakt_simulators.transit.timetable import load_timetable
from stadttakt_simulators.transit.town import TransitDay
from support.stack import fresh_broker

MORNING = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
"""A Tuesday at half past seven: a clock of its own, since at night nothing drives."""


async def collect(mqtt_url: str, heard: list[aiomqtt.Message], ready: asyncio.Event) -> None:
    broker = Broker.parse(mqtt_url)
    async with aiomqtt.Client(broker.host, broker.port, max_queued_incoming_messages=0) as client:
        await client.subscribe("takt/v1/#", qos=1)
        ready.set()
        async for message in client.messages:
            heard.append(message)  # noqa: PERF401 - each is wanted as soon as it comes


def distinct(heard: list[aiomqtt.Message]) -> list[dict[str, Any]]:
    """Return what was heard, once: at QoS 1 a message may come twice."""
    bodies = [json.loads(bytes(each.payload)) for each in heard]
    return list({body["id"]: body for body in bodies}.values())


@pytest.fixture
def quiet_url() -> Iterator[str]:
    """A broker of its own: the simulator knows one topic root, and others' messages lie in there."""
    with fresh_broker() as broker:
        broker.start()
        broker.wait_ready()
        yield broker.url


async def test_vehicles_speak_over_the_broker_until_they_are_stopped(
    quiet_url: str, tmp_path: Path
) -> None:
    city, config = halle()
    assert config.transit is not None
    service = replace(config.transit.service, most_vehicles=6)
    folder, began = HALLE / config.transit.timetable, time.monotonic()

    def clock() -> EpochNs:
        passed_s = (time.monotonic() - began) * 20
        return EpochNs(round((MORNING.timestamp() + passed_s) * SECOND))

    def make(now: datetime) -> LiveTransit:
        def day(wanted: date) -> TransitDay:
            return TransitDay(load_timetable(folder, wanted, city.zone), service)

        return LiveTransit(day, city.zone, now)

    said: list[str] = []
    truth, heard, ready = tmp_path / "truth.jsonl", list[aiomqtt.Message](), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        listener = group.create_task(collect(quiet_url, heard, ready))
        await ready.wait()
        await run(TransitRun(make, Broker.parse(quiet_url), truth, 240, clock, said.append))
        count = int(re.findall(r"[0-9]+", said[-1])[0])
        for _ in range(200):
            if len(heard) >= count:
                break
            await asyncio.sleep(0.05)
        listener.cancel()
    bodies = distinct(heard)
    assert said[0] == "6 vehicles drive today's timetable"
    assert said[-1] == f"stopped; {len(bodies)} messages published, 0 not acknowledged"
    assert all(body["simulated"] for body in bodies)
    kinds = Counter(body["type"].split(".")[2] for body in bodies)
    assert kinds.keys() == {
        "passenger-count",
        "device-presence",
        "vehicle-position",
        "trip-assignment",
    }
    stops = [json.loads(line) for line in truth.read_bytes().splitlines()]
    assert {stop["record"] for stop in stops} == {"stop"}

# SPDX-License-Identifier: EUPL-1.2
import asyncio
import json
import threading
import time
from pathlib import Path

import aiomqtt

from stadttakt_simulators.burst import (
    BurstResult,
    Pace,
    burst_devices,
    burst_pool,
    run_burst,
    write_log,
)
from stadttakt_simulators.clock import system_clock
from stadttakt_simulators.publisher import Broker
from support.stack import fresh_stack


async def test_everything_acknowledged_arrives_once(mqtt_url: str, tmp_path: Path):
    broker = Broker.parse(mqtt_url)
    pool = burst_pool(5000, burst_devices(100), started=system_clock())
    async with aiomqtt.Client(broker.host, broker.port, max_queued_incoming_messages=0) as client:
        await client.subscribe("application/+/device/+/event/up", qos=1)
        result = await asyncio.to_thread(run_burst, pool, broker, Pace(window=500, deadline_s=60))
        identities = []
        async for message in client.messages:
            identities.append(json.loads(bytes(message.payload))["deduplicationId"])
            if len(identities) == len(pool):
                break
    assert result.acknowledged == len(pool)
    assert identities == [message.identity for message in pool]
    write_log(tmp_path / "log.jsonl", pool, result)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_bytes().splitlines()]
    assert all(line["acked"] and line["acked_at"] >= line["sent_at"] for line in lines)


def test_a_rate_is_kept(mqtt_url: str):
    pool = burst_pool(600, burst_devices(10), started=system_clock())
    result = run_burst(pool, Broker.parse(mqtt_url), Pace(rate=300, deadline_s=60))
    assert result.acknowledged == 600
    assert 1.9 < result.seconds < 4


def test_a_killed_broker_is_survived_and_nothing_acknowledged_twice_over():
    pool = burst_pool(6000, burst_devices(100), started=system_clock())
    results: list[BurstResult] = []
    with fresh_stack() as stack:
        stack.mosquitto.start()
        broker = Broker.parse(stack.mosquitto.url)
        sender = threading.Thread(
            target=lambda: results.append(
                run_burst(pool, broker, Pace(rate=1500, window=1000, deadline_s=60))
            )
        )
        sender.start()
        for _ in range(2):
            time.sleep(1)
            stack.mosquitto.kill()
            stack.mosquitto.start()
        sender.join()
    (result,) = results
    assert result.acknowledged == len(pool)
    assert result.reconnects >= 1
    assert all(result.acked_at)

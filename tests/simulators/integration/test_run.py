# SPDX-License-Identifier: EUPL-1.2
import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import aiomqtt

from simulators.simulated_city import HALLE
from stadttakt_simulators.publisher import Broker
from uplink_decoder.dialects import read_chirpstack, read_tts
from uplink_decoder.domain.uplink import RejectedError, Uplink


async def collect(mqtt_url: str, heard: list[aiomqtt.Message], ready: asyncio.Event) -> None:
    broker = Broker.parse(mqtt_url)
    async with aiomqtt.Client(broker.host, broker.port, max_queued_incoming_messages=0) as client:
        await client.subscribe("application/+/device/+/event/+", qos=1)
        await client.subscribe("v3/+/devices/+/#", qos=1)
        ready.set()
        async for message in client.messages:
            heard.append(message)  # noqa: PERF401 - each is wanted as soon as it comes


def command(mqtt_url: str, truth: Path, *options: str) -> list[str]:
    simulator = [sys.executable, "-m", "stadttakt_simulators", "run", "--city", str(HALLE)]
    return [*simulator, "--mqtt-url", mqtt_url, "--truth", str(truth), *options]


async def run_and_collect(mqtt_url: str, truth: Path, *options: str) -> list[aiomqtt.Message]:
    heard: list[aiomqtt.Message] = []
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        listener = group.create_task(collect(mqtt_url, heard, ready))
        await ready.wait()
        process = await asyncio.create_subprocess_exec(*command(mqtt_url, truth, *options))
        assert await process.wait() == 0
        await asyncio.sleep(0.5)
        listener.cancel()
    return heard


def records(truth: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in truth.read_bytes().splitlines()]


def as_decoded(heard: list[aiomqtt.Message]) -> tuple[Counter[str], int]:
    """Return how often each uplink was read by the decoder's dialects, and how many were not."""
    received: Counter[str] = Counter()
    rejected = 0
    for message in heard:
        topic = str(message.topic)
        if not topic.endswith("/up"):
            continue
        payload = bytes(message.payload)
        try:
            read = (
                read_chirpstack(None, "up", payload)
                if topic.startswith("application/")
                else read_tts(None, None, "up", payload)
            )
        except RejectedError:
            rejected += 1
            continue
        assert isinstance(read, Uplink)
        received[f"{read.device}/{read.identity}"] += 1
    return received, rejected


async def test_what_arrives_is_what_the_truth_log_says(mqtt_url: str, tmp_path: Path):
    truth = tmp_path / "truth.jsonl"
    heard = await run_and_collect(
        mqtt_url,
        truth,
        *("--duration", "8", "--speed", "120", "--seed", "3", "--no-faults-from-city"),
        *("--fault", "duplicate=0.05", "--fault", "loss=0.05", "--fault", "wrong_json=0.02"),
    )
    received, rejected = as_decoded(heard)
    log = records(truth)
    faults = Counter(record["fault"] for record in log if record["record"] == "fault")
    spoiled = {
        record["identity"]
        for record in log
        if record["record"] == "fault" and record["fault"] == "wrong_json"
    }
    delivered = {
        f"{record['dev_eui']}/{record['identity']}"
        for record in log
        if record["record"] == "uplink"
        and record["delivered"]
        and record["identity"] not in spoiled
    }
    assert set(received) == delivered
    assert rejected >= faults["wrong_json"] > 0
    assert faults["loss"] > 0
    assert sum(count - 1 for count in received.values()) > 0
    assert sum(record["record"] == "bay" for record in log) > 404


def test_it_waits_for_an_absent_broker_and_stops_cleanly(tmp_path: Path):
    truth = tmp_path / "truth.jsonl"
    process = subprocess.Popen(
        command("mqtt://127.0.0.1:9", truth),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(4)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=15)
    assert process.returncode == 0
    assert "not acknowledged" in out
    assert any(record["record"] == "unpublished" for record in records(truth))


def test_a_wrong_option_is_explained(tmp_path: Path):
    answer = subprocess.run(
        command("mqtt://127.0.0.1:9", tmp_path / "t", "--fault", "gremlins=1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "expected name=probability" in answer.stderr

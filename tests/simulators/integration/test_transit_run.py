import asyncio
import json
import sys
from pathlib import Path

import aiomqtt

from simulators.simulated_city import HALLE
from stadttakt_simulators.publisher import Broker


async def collect(mqtt_url: str, heard: list[aiomqtt.Message], ready: asyncio.Event) -> None:
    broker = Broker.parse(mqtt_url)
    async with aiomqtt.Client(broker.host, broker.port, max_queued_incoming_messages=0) as client:
        await client.subscribe("takt/v1/#", qos=1)
        ready.set()
        async for message in client.messages:
            heard.append(message)  # noqa: PERF401 - each is wanted as soon as it comes


async def test_vehicles_speak_over_the_broker_until_they_are_stopped(
    mqtt_url: str, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.jsonl"
    command = [sys.executable, "-m", "stadttakt_simulators", "transit", "--city", str(HALLE)]
    options = ["--mqtt-url", mqtt_url, "--truth", str(truth), "--duration", "6", "--seed", "4"]
    heard: list[aiomqtt.Message] = []
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        listener = group.create_task(collect(mqtt_url, heard, ready))
        await ready.wait()
        process = await asyncio.create_subprocess_exec(
            *command, *options, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        await asyncio.sleep(0.5)
        listener.cancel()
    assert process.returncode == 0
    said = output.decode()
    assert "vehicles drive today's timetable" in said
    published = int(said.rsplit("stopped; ", 1)[1].split()[0])
    assert len(heard) == published
    assert all(json.loads(bytes(each.payload))["simulated"] for each in heard)
    assert "0 not acknowledged" in said

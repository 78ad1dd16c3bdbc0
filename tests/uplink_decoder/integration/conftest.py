# SPDX-License-Identifier: EUPL-1.2
"""A running decoder with a small city of its own and what a test needs to talk to it."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from stadttakt_runtime.migrations.check import require_schema
from support.asking import Ask, asker
from uplink_decoder.app import create_app
from uplink_decoder.city import apply
from uplink_decoder.migrations import MIGRATIONS
from uplink_decoder.service import Decoder
from uplink_decoder.settings import UplinkSettings

SOURCES = """
sources:
  - {{source_id: cs, dialect: chirpstack, topics: ["{root}/application/+/device/+/event/+"],
     webhook_secret: TEST_SECRET_CS}}
  - {{source_id: tts, dialect: tts, topics: ["{root}/v3/+/devices/+/#"],
     webhook_secret: TEST_SECRET_TTS}}
  - {{source_id: sim, dialect: chirpstack, topics: ["{root}/sim/application/+/device/+/event/+"],
     simulated: true}}
  - {{source_id: partner, dialect: canonical, topics: ["{root}/partner/#"],
     rights: [{{kinds: [bay, lot_gate], assets: ["lot-0?", messe]}}, {{kinds: [vehicle, environment]}}]}}
  - {{source_id: narrow, dialect: chirpstack,
     topics: ["{root}/narrow/application/+/device/+/event/+"],
     rights: [{{kinds: [bay], assets: [lot-02]}}]}}
"""
DEVICES = (
    ("0200000000000001", "bosch-tps110", "bay", "lot-01"),
    ("0200000000000002", "nwave-nps310", "bay", "lot-02"),
    ("0200000000000003", "milesight-vs350", "bay", "lot-03"),
    ("0200000000000004", "bosch-tps110", "", ""),
)


def write_city(folder: Path, root: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sources.yaml").write_text(SOURCES.format(root=root), encoding="utf-8")
    with (folder / "devices.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        names = ["dev_eui", "name", "codec_id", "asset_kind", "asset_id"]
        writer.writerow([*names, "expected_interval_s", "tags"])
        for dev_eui, codec_id, kind, asset_id in DEVICES:
            writer.writerow([dev_eui, dev_eui, codec_id, kind, asset_id, 3600, "a=b"])
    return folder


@dataclass
class Running:
    """A decoder in this process, its HTTP client, its broker and its database."""

    decoder: Decoder
    http: httpx.AsyncClient
    mqtt: aiomqtt.Client
    observations: asyncio.Queue[tuple[str, dict[str, Any]]]
    connection: Any
    root: str

    async def send(self, topic: str, payload: bytes | dict[str, Any]) -> None:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        await self.mqtt.publish(f"{self.root}/{topic}", body, qos=1)

    async def send_up(self, dev_eui: str, f_cnt: int, payload: str, **fields: Any) -> None:
        message = {**uplink(dev_eui, f_cnt, payload), **fields}
        await self.send(f"application/a/device/{dev_eui}/event/up", message)

    async def observation(self) -> tuple[str, dict[str, Any]]:
        return await asyncio.wait_for(self.observations.get(), 10)

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.connection.fetch(query, *arguments)]

    async def until_rows(self, query: str, count: int, *arguments: Any) -> list[dict[str, Any]]:
        for _ in range(400):
            rows = await self.rows(query, *arguments)
            if len(rows) >= count:
                return rows
            await asyncio.sleep(0.025)
        raise AssertionError(f"{len(rows)} rows instead of {count} of: {query}")


def uplink(dev_eui: str, f_cnt: int, data: str) -> dict[str, Any]:
    return {
        "deduplicationId": f"{dev_eui}-{f_cnt}",
        "time": datetime.now(tz=UTC).isoformat(),
        "deviceInfo": {"devEui": dev_eui},
        "fCnt": f_cnt,
        "fPort": 1,
        "data": data,
        "rxInfo": [{"gatewayId": "0016c001f1427f6e", "rssi": -56, "snr": 12.0}],
    }


@pytest.fixture
def settings(
    tmp_path: Path, database_url: str, mqtt_url: str, topic_root: str, monkeypatch: Any
) -> UplinkSettings:
    monkeypatch.setenv("TEST_SECRET_CS", "secret-of-chirpstack")
    monkeypatch.setenv("TEST_SECRET_TTS", "secret-of-tts")
    city = write_city(tmp_path / "city", topic_root)
    return UplinkSettings(
        database_url=database_url,
        mqtt_url=mqtt_url,
        city=city,
        topic_root=topic_root,
        instance=topic_root.replace("/", "-"),
    )


@pytest.fixture
async def applied(settings: UplinkSettings) -> list[str]:
    assert settings.city
    url = settings.database_url.get_secret_value()
    return list(await asyncio.to_thread(apply, settings.city, url))


Start = Callable[[], Any]


@asynccontextmanager
async def run_decoder(settings: UplinkSettings) -> AsyncIterator[Running]:
    app = create_app(settings)
    url = settings.database_url.get_secret_value()
    broker = make_url(settings.mqtt_url.get_secret_value())
    stop = asyncio.Event()
    async with (
        Database.open(url, schema="uplink") as database,
        asyncio.TaskGroup() as group,
        aiomqtt.Client(str(broker.host), broker.port or 1883) as mqtt,
    ):
        async with database.connection() as connection:
            await require_schema(connection, MIGRATIONS)
        attach_database(app, database)
        decoder = Decoder(settings, database, app.state.sources, app)
        await mqtt.subscribe(f"{settings.topic_root}/observation/#", qos=1)
        queue: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        listening = group.create_task(_listen(mqtt, queue))
        workers = (
            decoder.ingest,
            decoder.keep_house,
            decoder.report_readiness,
            decoder.alerts.run,
            decoder.replay,
            decoder.backfill.run,
            decoder.source_watch.run,
        )
        tasks = [group.create_task(worker(stop)) for worker in workers]
        async with asyncio.timeout(20):
            while not decoder.is_connected:  # noqa: ASYNC110 (the session tells nobody)
                await asyncio.sleep(0.01)
        connection = await asyncpg.connect(url, server_settings={"search_path": "uplink"})
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://decoder") as http:
            yield Running(decoder, http, mqtt, queue, connection, settings.topic_root)
        await connection.close()
        stop.set()
        await asyncio.wait(tasks)
        listening.cancel()


@pytest.fixture
def start(settings: UplinkSettings, applied: list[str]) -> Start:
    """Start decoders one after the other on the same session and database."""
    return lambda other=settings: run_decoder(other)


@pytest.fixture
async def running(start: Start) -> AsyncIterator[Running]:
    async with start() as decoder:
        yield decoder


@pytest.fixture
def ask(running: Running, settings: UplinkSettings) -> Ask:
    return asker(running.http, settings.database_url.get_secret_value())


async def _listen(mqtt: aiomqtt.Client, queue: asyncio.Queue[tuple[str, dict[str, Any]]]) -> None:
    async for message in mqtt.messages:
        assert isinstance(message.payload, bytes)
        await queue.put((str(message.topic), json.loads(message.payload)))

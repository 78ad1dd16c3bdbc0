# SPDX-License-Identifier: EUPL-1.2
"""Radio devices counted over LoRaWAN, from the network server's message to the load of a tram."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from uplink_decoder.app import create_app
from uplink_decoder.city import apply as apply_uplink
from uplink_decoder.service import Decoder
from uplink_decoder.settings import UplinkSettings
from vehicle_occupancy.city.apply import apply_city

from .harness import World, ago, eventually, until, write_city

DEV_EUI = "240ac4fffe000001"
DEVICES = (
    "dev_eui,name,codec_id,asset_kind,asset_id,expected_interval_s,tags\n"
    f"{DEV_EUI},Pax 1,esp32-paxcounter,vehicle,tram-1,120,\n"
)
WIFI, BLE = 38, 26


@pytest.fixture
async def world(database_url: str, mqtt_url: str, tmp_path: Path) -> World:
    city = write_city(tmp_path, "tram-1")
    world = replace(World(database_url, mqtt_url), city=city)
    topic = f"{world.root}/application/+/device/+/event/+"
    (city / "sources.yaml").write_text(
        f"sources:\n  - {{source_id: cs, dialect: chirpstack, topics: ['{topic}']}}\n"
    )
    (city / "devices.csv").write_text(DEVICES)
    await asyncio.to_thread(apply_uplink, city, database_url)
    await asyncio.to_thread(apply_city, city, database_url)
    return world


@asynccontextmanager
async def decoder(world: World) -> AsyncIterator[None]:
    settings = UplinkSettings(
        database_url=world.database_url,
        mqtt_url=world.mqtt_url,
        city=world.city,
        topic_root=world.root,
        instance=f"{world.settings.instance}-uplink",
    )
    app, stop = create_app(settings), asyncio.Event()
    async with Database.open(world.database_url, schema="uplink") as database:
        attach_database(app, database)
        running = Decoder(settings, database, app.state.sources, app)
        async with asyncio.TaskGroup() as group:
            group.create_task(running.ingest(stop))
            await eventually(lambda: running.is_connected)
            yield
            stop.set()


def uplink(f_cnt: int, seconds: float) -> bytes:
    """One of the board, in the packed format of its firmware, as ChirpStack passes it on."""
    counted = WIFI.to_bytes(2, "little") + BLE.to_bytes(2, "little")
    message: dict[str, Any] = {
        "deduplicationId": f"{DEV_EUI}-{f_cnt}",
        "time": ago(seconds).isoformat(),
        "deviceInfo": {"devEui": DEV_EUI},
        "fCnt": f_cnt,
        "fPort": 1,
        "data": base64.b64encode(counted).decode(),
        "rxInfo": [{"gatewayId": "0016c001f1427f6e", "rssi": -56, "snr": 12.0}],
    }
    return orjson.dumps(message)


async def test_uplinks_of_a_paxcounter_become_the_load_of_its_tram(world: World) -> None:
    async with decoder(world), world.service() as service, world.wire() as wire:
        trip = {"line": "7", "trip_id": "a"}
        await wire.assign("tram-1", trip, at=ago(1500))
        await wire.assign("tram-1", {**trip, "trip_id": "b"}, at=ago(1300))
        for number in range(8):
            topic = f"{world.root}/application/a/device/{DEV_EUI}/event/up"
            await wire.send(topic, uplink(number + 1, 900 - 120 * number))
        seen = await until(
            lambda: service.fetch(
                "select source, codec_id from transit.reading where vehicle_id = 'tram-1'"
            ),
            lambda rows: len(rows) == 8,
        )
        assert {(row["source"], row["codec_id"]) for row in seen} == {
            ("/stadttakt/uplink-decoder/cs", "esp32-paxcounter")
        }
        entitled = await world.bearer("transit:read")
        answer = await until(
            lambda: service.get("/v1/vehicles/tram-1", **entitled),
            lambda found: found.json()["load"] is not None and found.json()["load"] > 20,
        )
        # Until it was calibrated: 0.6 WiFi and 0.4 Bluetooth devices a person, 2 without anybody.
        told = answer.json()
        assert told["load_min"] < 60 < told["load_max"]
        assert told["load_max"] - told["load_min"] > 15
        assert told["level"] in {"medium", "high"}

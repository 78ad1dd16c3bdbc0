# SPDX-License-Identifier: EUPL-1.2
"""A partner's broker beside the platform's, and what a test needs to talk over it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiomqtt
import yaml

from stadttakt_local.mosquitto import Mosquitto
from uplink_decoder.settings import UplinkSettings

DEVICE = "0200000000000001"
BAYS = [{"kinds": ["bay"], "assets": ["lot-0?"]}]
PATIENCE_S = 30


def add_source(settings: UplinkSettings, **fields: Any) -> None:
    """Write one more source into the city's file; read when the next decoder starts."""
    assert settings.city
    path = settings.city / "sources.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["sources"].append(fields)
    path.write_text(yaml.safe_dump(document), encoding="utf-8")


def add_partner(
    settings: UplinkSettings, at: Mosquitto, source_id: str = "county", **fields: Any
) -> None:
    """Add a ChirpStack of a partner at a broker of its own, unless told otherwise."""
    own = {"url": at.url, **fields.pop("broker", {})}
    usual = {"dialect": "chirpstack", "rights": BAYS}
    add_source(settings, source_id=source_id, broker=own, **{**usual, **fields})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 (a session tells nobody)
            await asyncio.sleep(0.02)


def feed_of(running: Any, source_id: str = "county") -> Any:
    return next(feed for feed in running.decoder.feeds if feed.name == source_id)


async def connected(running: Any, source_id: str = "county") -> None:
    await until(lambda: feed_of(running, source_id).is_connected)


async def told(running: Any, words: str, source_id: str = "county") -> None:
    """Wait until the source's last error has these words."""
    await until(lambda: words in (feed_of(running, source_id).error or ""))


async def send_by(broker: Mosquitto, topic: str, *bodies: dict[str, Any], qos: int = 1) -> None:
    """Publish at the partner's broker."""
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        for body in bodies:
            await client.publish(topic, json.dumps(body).encode(), qos=qos)


def up(number: int, dev_eui: str = DEVICE) -> dict[str, Any]:
    """One occupied bay by ChirpStack's JSON, unlike any other of the same number."""
    return {
        "deduplicationId": f"{dev_eui}-{number}",
        "deviceInfo": {"devEui": dev_eui},
        "fCnt": number,
        "fPort": 1,
        "data": "AQ==",
    }


UP_TOPIC = f"application/a/device/{DEVICE}/event/up"

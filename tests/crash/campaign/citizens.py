# SPDX-License-Identifier: EUPL-1.2
"""Who submits ideas to the registry, again under the same key until they are told 201, and who hears of them."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

IDEA_EVERY_S, PATIENCE_S, AGAIN_AFTER_S = 1.0, 600.0, 0.2
SESSION_EXPIRY_S = 3600
CREATED, SERVER_ERROR = 201, 500


@dataclass
class Citizens:
    """Ideas by title, each with the id that it was acknowledged under; `refused` says why some were not."""

    address: str
    accepted: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    heard: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Ids of the events that tell that an idea was submitted, by idea."""

    @contextmanager
    def submitting(self, seed: str) -> Iterator[None]:
        """Submit an idea a second meanwhile; leaves when the last one is acknowledged; raises what ended it sooner."""
        stop = threading.Event()
        with ThreadPoolExecutor(1, "citizens") as pool:
            submitting = pool.submit(self._submit, seed, stop)
            try:
                yield
            finally:
                stop.set()
            submitting.result()

    def _submit(self, seed: str, stop: threading.Event) -> None:
        number = 0
        with httpx.Client(base_url=self.address, timeout=5) as client:
            while number == 0 or not stop.wait(IDEA_EVERY_S):
                self.submit(client, f"{seed}/{number}")
                number += 1

    def submit(self, client: httpx.Client, key: str) -> None:
        """Submit one idea until it is acknowledged; what is refused, or not taken in minutes, is an offence."""
        title = f"Bank am Ufer {key}"
        body = {
            "title": title,
            "summary": "Eine Bank, auf der man sitzen kann.",
            "handlungsfeld": "mobilitaet",
            "contact": {"email": f"{key.replace('/', '.')}@example.org"},
        }
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                answer = client.post("/v1/ideas", json=body, headers={"idempotency-key": key})
            except httpx.TransportError:
                time.sleep(AGAIN_AFTER_S)
                continue
            if answer.status_code == CREATED:
                self.accepted[title] = answer.json()["idea_id"]
                return
            if answer.status_code < SERVER_ERROR:
                self.refused.append(f"{key}: {answer.status_code} {answer.text[:300]}")
                return
            time.sleep(AGAIN_AFTER_S)
        self.refused.append(f"{key}: no answer within {PATIENCE_S:.0f} s")

    def hear(self, payload: bytes) -> None:
        """Take an event of the registry in."""
        event: dict[str, Any] = orjson.loads(payload)
        if event["data"]["action"] == "submitted":
            self.heard[event["data"]["entity_id"]].add(event["id"])


@contextmanager
def listening(registry: str, mqtt_url: str, root: str) -> Iterator[Citizens]:
    """Yield citizens who hear what the registry tells meanwhile, in a session that outlives connections."""
    citizens = Citizens(registry)
    host, _, port = mqtt_url.removeprefix("mqtt://").partition(":")
    lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    lasting.SessionExpiryInterval = SESSION_EXPIRY_S
    subscribed = threading.Event()

    def subscribe(*_: object) -> None:
        client.subscribe(f"{root}/event/registry/#", qos=1)

    client = paho.Client(
        CallbackAPIVersion.VERSION2, f"{root}-listener".replace("/", "-"), protocol=paho.MQTTv5
    )
    client.on_connect = subscribe
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _client, _data, message: citizens.hear(bytes(message.payload))
    client.reconnect_delay_set(1, 1)
    client.connect(host, int(port), properties=lasting)
    client.loop_start()
    try:
        assert subscribed.wait(30), "the broker takes no subscription"
        yield citizens
    finally:
        client.disconnect()
        client.loop_stop()


def doubled(mailed: Counter[str]) -> int:
    """Return how many mails came once more than they should."""
    return sum(times - 1 for times in mailed.values())

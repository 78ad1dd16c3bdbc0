# SPDX-License-Identifier: EUPL-1.2
"""Watches signs as their controllers do, and feeds as importers do, in a process of its own: every answer goes on record.

`python -m crash.campaign.watcher FILE PARKING_ADDRESS PUBLISHER_ADDRESS MQTT_URL TOPIC_ROOT SIGN…` runs until it is killed.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import httpx
import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from crash.campaign.feeds import READ

POLL_S = 0.05
POLL_FEEDS_S = 0.3
LOOK_AT_RETAINED_S = 0.5
KEPT = ("sign_id", "state", "free", "measured_at", "valid_until")


Note = Callable[[str, float, dict[str, Any]], None]


def watch(
    file: TextIO, addresses: Sequence[str], mqtt_url: str, root: str, signs: list[str]
) -> None:
    """Poll for ever, and take retained states anew twice a second."""
    lock = threading.Lock()

    def note(way: str, asked_at: float, body: dict[str, Any]) -> None:
        kept = {name: body.get(name) for name in KEPT}
        line = {"way": way, "asked_at": asked_at, "told_at": time.time(), **kept}
        with lock:
            file.write(orjson.dumps(line).decode() + "\n")

    parking, publisher = addresses
    for work, given in ((_listen, (mqtt_url, root, note)), (_poll_feeds, (publisher, note))):
        threading.Thread(target=work, args=given, daemon=True).start()
    with httpx.Client(base_url=parking, timeout=5) as client:
        while True:
            for sign_id in signs:
                asked_at = time.time()
                if (answer := _answer(client, f"/v1/signs/{sign_id}")) is not None:
                    note("http", asked_at, answer.json())
            time.sleep(POLL_S)


def _poll_feeds(publisher: str, note: Note) -> None:
    with httpx.Client(base_url=publisher, timeout=5) as client:
        while True:
            for path, read in READ.items():
                asked_at = time.time()
                if (answer := _answer(client, path)) is not None:
                    for place in read(answer.content):
                        note(path, asked_at, {**place._asdict(), "sign_id": place.lot_id})
            time.sleep(POLL_FEEDS_S)


def _answer(client: httpx.Client, path: str) -> httpx.Response | None:
    """Return an answer; nothing where nobody answers, or with anything but 200."""
    try:
        answer = client.get(path)
    except httpx.TransportError:
        time.sleep(POLL_S)
        return None
    return answer if answer.status_code == 200 else None


def _listen(mqtt_url: str, root: str, note: Note) -> None:
    host, _, port = mqtt_url.removeprefix("mqtt://").partition(":")
    topic = f"{root}/state/sign/+"

    def told(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        if message.payload:
            way = "retained" if message.retain else "live"
            note(way, time.time(), orjson.loads(message.payload)["data"])

    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.on_message = told
    client.reconnect_delay_set(1, 1)
    client.connect_async(host, int(port))
    client.loop_start()
    while True:
        if client.is_connected():
            client.subscribe(topic, qos=1)
        time.sleep(LOOK_AT_RETAINED_S)


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a", buffering=1) as record:
        watch(record, sys.argv[2:4], sys.argv[4], sys.argv[5], sys.argv[6:])

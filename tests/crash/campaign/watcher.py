# SPDX-License-Identifier: EUPL-1.2
"""Watches signs as their controllers do, in a process of its own: every answer, over HTTP and retained, goes on record.

`python -m crash.campaign.watcher FILE HTTP_ADDRESS MQTT_URL TOPIC_ROOT SIGN…` runs until it is killed.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

import httpx
import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

POLL_S = 0.05
LOOK_AT_RETAINED_S = 0.5
KEPT = ("sign_id", "state", "free", "measured_at", "valid_until")


def watch(file: TextIO, http: str, mqtt_url: str, root: str, signs: list[str]) -> None:
    """Poll for ever, and take retained states anew twice a second."""
    lock = threading.Lock()

    def note(way: str, asked_at: float, body: dict[str, Any]) -> None:
        kept = {name: body.get(name) for name in KEPT}
        line = {"way": way, "asked_at": asked_at, "told_at": time.time(), **kept}
        with lock:
            file.write(orjson.dumps(line).decode() + "\n")

    listening = threading.Thread(target=_listen, args=(mqtt_url, root, note), daemon=True)
    listening.start()
    with httpx.Client(base_url=http, timeout=5) as client:
        while True:
            for sign_id in signs:
                asked_at = time.time()
                try:
                    answer = client.get(f"/v1/signs/{sign_id}")
                    if answer.status_code == 200:
                        note("http", asked_at, answer.json())
                except httpx.TransportError:
                    time.sleep(POLL_S)
            time.sleep(POLL_S)


def _listen(mqtt_url: str, root: str, note: Any) -> None:
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
        watch(record, sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:])

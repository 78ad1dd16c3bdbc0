# SPDX-License-Identifier: EUPL-1.2
"""The yardstick: a bare paho loop that receives a backlog and does nothing with it.

`python raw_receive.py HOST PORT COUNT [FILTER]`: with COUNT 0 it only makes the session; else it
prints how many seconds the COUNT messages took, from the first to the last.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

CLIENT_ID = "bench-raw-receive"
UPLINKS = "application/+/device/+/event/+"


def main(host: str, port: int, count: int, topics: str = UPLINKS) -> None:
    """Connect, subscribe, receive."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=CLIENT_ID, protocol=paho.MQTTv5)
    times: list[float] = []
    received = 0

    def on_connect(connected: paho.Client, *_: Any) -> None:
        connected.subscribe(topics, qos=1)

    def on_subscribe(*_: Any) -> None:
        if not count:
            client.disconnect()

    def on_message(*_: Any) -> None:
        nonlocal received
        received += 1
        if received in {1, count}:
            times.append(time.perf_counter())
        if received == count:
            client.unsubscribe(topics)
            client.disconnect()

    client.on_connect, client.on_message = on_connect, on_message
    client.on_subscribe = on_subscribe
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    properties.ReceiveMaximum = 4000
    client.connect(host, port, clean_start=False, properties=properties)
    client.loop_forever()
    if count:
        sys.stdout.write(f"{times[-1] - times[0]}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])

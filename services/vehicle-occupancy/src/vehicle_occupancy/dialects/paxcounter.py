# SPDX-License-Identifier: EUPL-1.2
"""ESP32-Paxcounter over MQTT itself: the port's byte, a slash, and the payload as over LoRaWAN.

Firmware of 2020 and later (src/mqttclient.cpp); `byte_order` little is the packed format, big the
plain one. What is sent over LoRaWAN comes through the decoder; docs/mapping/passenger-counting.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from vehicle_occupancy.dialects.model import Options, Told, UnreadableError

COUNTER_PORT = 1
_GREETING = b"paxcounter-"
"""A board that connects says its own name first."""


def read(payload: bytes, options: Options) -> Sequence[Told]:
    """Return how many devices were seen; other ports and greetings tell nothing of that."""
    if payload.startswith(_GREETING):
        return []
    port, slash, message = payload[:1], payload[1:2], payload[2:]
    if slash != b"/" or not port:
        raise UnreadableError("wrong_form", "no port and slash at its beginning")
    if port[0] != COUNTER_PORT:
        return []
    # With a GPS receiver on board, where it was follows; the vehicle's position is known better.
    if len(message) < 2:
        raise UnreadableError("wrong_form", f"{len(message)} bytes, a counter has two or four")
    wifi = int.from_bytes(message[:2], options.byte_order)
    ble = int.from_bytes(message[2:4], options.byte_order) if len(message) >= 4 else None
    return [Told(ref="presence", wifi=wifi, ble=ble)]

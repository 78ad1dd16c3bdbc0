# SPDX-License-Identifier: EUPL-1.2
"""What comes in and goes out over MQTT; plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Message:
    """One received PUBLISH; `epoch` tells on which connection, since only that may acknowledge."""

    topic: str
    payload: bytes
    qos: int
    dup: bool
    retain: bool
    mid: int
    epoch: int


@dataclass(slots=True)
class Outgoing:
    """One message to publish at QoS 1; `expiry_s` becomes its Message Expiry Interval."""

    topic: str
    payload: bytes
    retain: bool = False
    expiry_s: int | None = None

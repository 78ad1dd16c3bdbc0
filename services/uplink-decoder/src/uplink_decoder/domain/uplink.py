# SPDX-License-Identifier: EUPL-1.2
"""What a network server's message is to us, whatever its dialect.

What is made for every uplink is a NamedTuple: a frozen dataclass takes five times as long.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Flag(StrEnum):
    """What is remarkable about an uplink; stored with it."""

    MAC_ONLY = "mac_only"
    EMPTY = "empty"
    ENCRYPTED = "encrypted"
    SIMULATED_FRAME = "simulated_frame"
    FUTURE_TIME = "future_time"
    OLD_TIME = "old_time"
    GATEWAY_TIME_OFF = "gateway_time_off"
    NO_TIME = "no_time"
    UNKNOWN_DEVICE = "unknown_device"
    NO_CODEC = "no_codec"
    UNKNOWN_CODEC = "unknown_codec"
    NO_ASSET = "no_asset"
    CODEC_ERROR = "codec_error"
    NO_RIGHT = "no_right"


class EventKind(StrEnum):
    """Events of both servers that are no uplink; kept for the device's health."""

    JOIN = "join"
    STATUS = "status"
    ACK = "ack"
    TXACK = "txack"
    LOG = "log"
    LOCATION = "location"
    INTEGRATION = "integration"
    DOWNLINK = "downlink"
    SERVICE = "service"


class Times(NamedTuple):
    """When it was observed, as far as can be told, and when it was received."""

    observed_at: datetime
    received_at: datetime
    time_source: str
    flags: tuple[Flag, ...] = ()


class MessageTimes(NamedTuple):
    """The times a message carries, unaltered; none of them is trusted yet."""

    gateway: datetime | None = None
    network_server: datetime | None = None
    application_server: datetime | None = None


class Uplink(NamedTuple):
    """One uplink frame as the network server tells it.

    `device` is the device EUI in lower-case hex, or `tts/<application>/<device>` where The Things
    Stack knows none; `identity` is what makes the frame unique at its source.
    """

    device: str
    identity: str
    times: MessageTimes
    f_cnt: int
    f_port: int
    payload: bytes
    flags: tuple[Flag, ...] = ()

    @property
    def is_decodable(self) -> bool:
        """Tell whether there is an application payload that may become live data."""
        return not self.flags

    def flagged(self, flag: Flag) -> Uplink:
        """Return the uplink with one more flag."""
        return self._replace(flags=(*self.flags, flag))


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """A join, status, acknowledgement, log or location of a device."""

    device: str
    identity: str
    times: MessageTimes
    kind: EventKind
    code: str | None = None


class RejectedError(ValueError):
    """The message cannot be read; `reason` is a stable code, the text says where and why."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def uplink_id(source_id: str, device: str, identity: str) -> uuid.UUID:
    """Return the uplink's id: the same for every delivery of the same frame."""
    key = f"{source_id}\x00{device}\x00{identity}".encode()
    return uuid.UUID(bytes=hashlib.blake2b(key, digest_size=16).digest())


def fingerprint(parts: Sequence[bytes]) -> uuid.UUID:
    """Return an id of raw bytes, for what carries no identity of its own."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return uuid.UUID(bytes=digest.digest())

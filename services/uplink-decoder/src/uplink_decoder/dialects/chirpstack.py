# SPDX-License-Identifier: EUPL-1.2
"""ChirpStack v4 integration events (docs/mapping/chirpstack-v4.md); every field is optional there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from uplink_decoder.dialects.reading import (
    FrameCounter,
    FramePort,
    content_identity,
    decode_json,
    eui,
    without_nul,
)
from uplink_decoder.domain.times import read_time
from uplink_decoder.domain.uplink import (
    DeviceEvent,
    EventKind,
    Flag,
    MessageTimes,
    RejectedError,
    Uplink,
)


class _DeviceInfo(msgspec.Struct, rename="camel"):
    dev_eui: str | None = None


class _RxInfo(msgspec.Struct, rename="camel"):
    ns_time: str | None = None


class _Up(msgspec.Struct, rename="camel"):
    deduplication_id: str | None = None
    time: str | None = None
    device_info: _DeviceInfo | None = None
    f_cnt: FrameCounter | None = None
    f_port: FramePort | None = None
    data: bytes | None = None
    rx_info: list[_RxInfo] | None = None
    join_server_context: Any = None


class _Other(msgspec.Struct, rename="camel"):
    deduplication_id: str | None = None
    time: str | None = None
    device_info: _DeviceInfo | None = None
    code: str | None = None


_up = msgspec.json.Decoder(_Up)
_other = msgspec.json.Decoder(_Other)

EVENTS = {
    "join": EventKind.JOIN,
    "ack": EventKind.ACK,
    "txack": EventKind.TXACK,
    "log": EventKind.LOG,
    "status": EventKind.STATUS,
    "location": EventKind.LOCATION,
    "integration": EventKind.INTEGRATION,
}
"""Message kinds by the last level of the topic."""


def read_chirpstack(topic_device: str | None, event: str, payload: bytes) -> Uplink | DeviceEvent:
    """Read one integration event; `event` is the last level of its topic.

    Raises:
        RejectedError: unreadable, of an unknown kind, or without a device EUI.

    """
    if event == "up":
        return _read_up(topic_device, payload)
    kind = EVENTS.get(event)
    if kind is None:
        raise RejectedError("unknown_event", f"ChirpStack has no event {event!r}")
    other = decode_json(_other, payload)
    return DeviceEvent(
        device=_device(other.device_info, topic_device),
        identity=_other_identity(other, payload),
        times=MessageTimes(network_server=read_time(other.time)),
        kind=kind,
        code=other.code and without_nul(other.code),
    )


def _read_up(topic_device: str | None, payload: bytes) -> Uplink:
    up = decode_json(_up, payload)
    return Uplink(
        device=_device(up.device_info, topic_device),
        identity=up.deduplication_id or content_identity(payload),
        times=MessageTimes(
            gateway=read_time(up.time),
            network_server=_first_time(up.rx_info),
        ),
        f_cnt=up.f_cnt or 0,
        f_port=up.f_port or 0,
        payload=up.data or b"",
        flags=_flags(up),
    )


def _first_time(received: Sequence[_RxInfo] | None) -> datetime | None:
    for rx in received or ():
        if time := read_time(rx.ns_time):
            return time
    return None


def _flags(up: _Up) -> tuple[Flag, ...]:
    if up.join_server_context is not None:
        return (Flag.ENCRYPTED,)
    if not up.f_port:
        return (Flag.MAC_ONLY,)
    return () if up.data else (Flag.EMPTY,)


def _device(info: _DeviceInfo | None, topic_device: str | None) -> str:
    device = eui(info.dev_eui if info else None) or eui(topic_device)
    if device is None:
        raise RejectedError(
            "no_dev_eui", "neither deviceInfo.devEui nor the topic has 16 hex digits"
        )
    return device


def _other_identity(other: _Other, payload: bytes) -> str:
    if other.deduplication_id:
        return other.deduplication_id
    return content_identity(payload)

# SPDX-License-Identifier: EUPL-1.2
"""The Things Stack v3 messages (docs/mapping/tts-v3.md); zero and empty fields are absent there."""

from __future__ import annotations

import msgspec

from uplink_decoder.dialects.reading import (
    FrameCounter,
    FramePort,
    content_identity,
    decode_json,
    eui,
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


class _ApplicationIds(msgspec.Struct):
    application_id: str | None = None


class _DeviceIds(msgspec.Struct):
    device_id: str | None = None
    application_ids: _ApplicationIds | None = None
    dev_eui: str | None = None


class _RxMetadata(msgspec.Struct):
    time: str | None = None


class _UplinkMessage(msgspec.Struct):
    session_key_id: str | None = None
    f_port: FramePort = 0
    f_cnt: FrameCounter = 0
    frm_payload: bytes = b""
    rx_metadata: list[_RxMetadata] = []
    received_at: str | None = None


class _Up(msgspec.Struct):
    end_device_ids: _DeviceIds | None = None
    received_at: str | None = None
    uplink_message: _UplinkMessage | None = None
    simulated: bool = False


class _Other(msgspec.Struct):
    end_device_ids: _DeviceIds | None = None
    received_at: str | None = None


_up = msgspec.json.Decoder(_Up)
_other = msgspec.json.Decoder(_Other)

EVENTS = {
    "join": EventKind.JOIN,
    "down/queued": EventKind.DOWNLINK,
    "down/sent": EventKind.TXACK,
    "down/ack": EventKind.ACK,
    "down/nack": EventKind.ACK,
    "down/failed": EventKind.DOWNLINK,
    # Commands to the server, ours among them: a broker that is not the server's gives them back.
    "down/push": EventKind.DOWNLINK,
    "down/replace": EventKind.DOWNLINK,
    "service/data": EventKind.SERVICE,
    "location/solved": EventKind.LOCATION,
}
"""Message kinds by the topic below the device."""


def read_tts(
    topic_application: str | None, topic_device: str | None, event: str, payload: bytes
) -> Uplink | DeviceEvent:
    """Read one application-server message; `event` is the topic below the device.

    Raises:
        RejectedError: unreadable, of an unknown kind, or from no recognisable device.

    """
    if event == "up":
        return _read_up(topic_application, topic_device, payload)
    kind = EVENTS.get(event)
    if kind is None:
        raise RejectedError("unknown_event", f"The Things Stack has no message {event!r}")
    other = decode_json(_other, payload)
    return DeviceEvent(
        device=_device(other.end_device_ids, topic_application, topic_device),
        identity=content_identity(payload),
        times=MessageTimes(application_server=read_time(other.received_at)),
        kind=kind,
        code=event,
    )


def _read_up(application: str | None, topic_device: str | None, payload: bytes) -> Uplink:
    up = decode_json(_up, payload)
    message = up.uplink_message
    if message is None:
        raise RejectedError("no_uplink_message", "the field uplink_message is absent")
    return Uplink(
        device=_device(up.end_device_ids, application, topic_device),
        identity=_identity(message, payload),
        times=MessageTimes(
            gateway=next(
                (time for rx in message.rx_metadata if (time := read_time(rx.time))), None
            ),
            network_server=read_time(message.received_at),
            application_server=read_time(up.received_at),
        ),
        f_cnt=message.f_cnt,
        f_port=message.f_port,
        payload=message.frm_payload,
        flags=_flags(up, message),
    )


def _identity(message: _UplinkMessage, payload: bytes) -> str:
    if message.session_key_id:
        return f"{message.session_key_id}:{message.f_cnt}"
    if message.received_at:
        # The storage gives the same message in other bytes than the one that came live.
        return f"{message.received_at}:{message.f_cnt}"
    return content_identity(payload)


def _flags(up: _Up, message: _UplinkMessage) -> tuple[Flag, ...]:
    if up.simulated:
        return (Flag.SIMULATED_FRAME,)
    if not message.f_port:
        return (Flag.MAC_ONLY,)
    return () if message.frm_payload else (Flag.EMPTY,)


def _device(ids: _DeviceIds | None, application: str | None, topic_device: str | None) -> str:
    if device := eui(ids.dev_eui if ids else None):
        return device
    name = (ids.device_id if ids else None) or topic_device
    owner = (
        ids.application_ids.application_id if ids and ids.application_ids else None
    ) or application
    if not name or not owner:
        raise RejectedError("no_device", "neither end_device_ids nor the topic names a device")
    if "\x00" in owner + name:
        raise RejectedError("no_device", "the device's name holds a NUL character")
    return f"tts/{owner.partition('@')[0]}/{name}".lower()

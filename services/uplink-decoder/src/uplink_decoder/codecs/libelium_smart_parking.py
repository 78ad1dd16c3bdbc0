# SPDX-License-Identifier: EUPL-1.2
"""Libelium Smart Parking, protocol 2 and 3 (11 bytes)."""

from __future__ import annotations

from uplink_decoder.codecs.model import BayReading, Codec, CodecError, Decoded, Frame, JsonValue
from uplink_decoder.codecs.payload_reader import (
    PayloadReader,
    flag,
    require_application_port,
    require_length,
)

_LENGTH = 11
_INFO, _KEEP_ALIVE, _DAILY_UPDATE, _ERROR, _START_1 = range(5)
_FRAMES = (
    "info",
    "keep_alive",
    "daily_update",
    "error",
    "start_1",
    "start_2",
    "service",
    "downlink",
    "rssi",
)
# In the other frames the status bit is not a measurement: see the mapping page.
_MEASURED = (_INFO, _KEEP_ALIVE, _DAILY_UPDATE, _ERROR)


def decode(frame: Frame) -> Decoded:
    """This function decodes one uplink on any application port, by the frame type in byte 0."""
    require_application_port(frame)
    reader = PayloadReader(frame.payload, "big")
    require_length(frame, _LENGTH)
    basic = reader.unsigned(1, "basic data")
    kind = basic & 0x0F
    if kind >= len(_FRAMES):
        raise CodecError(f"byte 0: frame type {kind} is reserved")
    data: dict[str, JsonValue] = {
        "frame": _FRAMES[kind],
        "battery_low": flag(basic, 6),
        "configuration_refused": flag(basic, 5),
        "recalibrating": flag(basic, 4),
        "sequence": reader.unsigned(1, "frame counter"),
    }
    data |= _details(reader, kind)
    return Decoded(data=data | _state(basic, kind), readings=_readings(basic, kind, data))


def _details(reader: PayloadReader, kind: int) -> dict[str, JsonValue]:
    details: dict[str, JsonValue] = {}
    if kind in (_INFO, _KEEP_ALIVE):
        details["sensor_error"] = reader.unsigned(1, "sensor error")
        details["temperature_c"] = reader.signed(1, "temperature")
    elif kind == _START_1:
        details["firmware"] = str(reader.unsigned(1, "firmware version"))
    details["undocumented_hex"] = reader.hex_rest()
    return details


def _state(basic: int, kind: int) -> dict[str, JsonValue]:
    return {"occupied": flag(basic, 7)} if kind in _MEASURED else {}


def _readings(basic: int, kind: int, data: dict[str, JsonValue]) -> tuple[BayReading, ...]:
    if kind not in _MEASURED:
        return ()
    suspect = kind == _ERROR or flag(basic, 4) or bool(data.get("sensor_error"))
    return (BayReading(flag(basic, 7), suspect=suspect),)


CODEC = Codec(
    codec_id="libelium-smart-parking",
    version=1,
    maker="Libelium",
    model="Plug & Sense! Smart Parking, protocol 2 and 3",
    decode=decode,
)

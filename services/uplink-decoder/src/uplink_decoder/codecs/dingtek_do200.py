# SPDX-License-Identifier: EUPL-1.2
"""Dingtek DO200 parking sensor: telemetry and parameters on port 3."""

from __future__ import annotations

from uplink_decoder.codecs.model import BayReading, Codec, CodecError, Decoded, Frame
from uplink_decoder.codecs.payload_reader import (
    PayloadReader,
    require_length,
    unknown_port,
)

_HEAD, _TAIL = 0x80, 0x81
_TELEMETRY = {0x01: "telemetry", 0x02: "telemetry_alarm"}
_PARAMETERS = 0x03
_TELEMETRY_LENGTH, _PARAMETERS_LENGTH = 21, 17
_TYPE_AT, _LENGTH_AT = 3, 4


def decode(frame: Frame) -> Decoded:
    """This function decodes one DO200 uplink; only telemetry carries the bay's state."""
    reader = PayloadReader(frame.payload, "big")
    if frame.f_port != 3:
        raise unknown_port(frame)
    require_length(frame, _TELEMETRY_LENGTH, _PARAMETERS_LENGTH)
    _check_envelope(frame.payload)
    reader.take(_LENGTH_AT + 1, "head")
    kind = frame.payload[_TYPE_AT]
    if len(frame.payload) == _TELEMETRY_LENGTH and kind in _TELEMETRY:
        return _telemetry(reader, _TELEMETRY[kind])
    if len(frame.payload) == _PARAMETERS_LENGTH and kind == _PARAMETERS:
        return _parameters(reader)
    raise CodecError(
        f"byte {_TYPE_AT}: data type {kind} with {len(frame.payload)} bytes is unknown"
    )


def _check_envelope(payload: bytes) -> None:
    last = len(payload) - 1
    if payload[0] != _HEAD:
        raise CodecError(f"byte 0: {payload[0]:02x} is not the head mark 80")
    if payload[_LENGTH_AT] != len(payload):
        raise CodecError(
            f"byte {_LENGTH_AT}: {payload[_LENGTH_AT]} bytes announced, {last + 1} there"
        )
    if payload[last] != _TAIL:
        raise CodecError(f"byte {last}: {payload[last]:02x} is not the tail mark 81")


def _telemetry(reader: PayloadReader, name: str) -> Decoded:
    level_mm = reader.unsigned(2, "level")
    parking = reader.unsigned(1, "parking and level alarm")
    alarms = reader.unsigned(1, "magnet and battery alarm")
    battery_mv = 10 * reader.unsigned(2, "battery voltage")
    occupied = bool(parking >> 4)
    return Decoded(
        data={
            "frame": name,
            "level_mm": level_mm,
            "occupied": occupied,
            "level_alarm": bool(parking & 0x0F),
            "magnet_alarm": bool(alarms >> 4),
            "battery_low": bool(alarms & 0x0F),
            "battery_mv": battery_mv,
            "magnetic_field": {axis: reader.signed(2, f"magnet {axis}") for axis in "xyz"},
            "sequence": reader.unsigned(2, "frame counter"),
        },
        readings=(BayReading(occupied),),
        battery_mv=battery_mv,
    )


def _parameters(reader: PayloadReader) -> Decoded:
    firmware = ".".join(str(part) for part in reader.take(2, "firmware version"))
    return Decoded(
        data={
            "frame": "parameters",
            "firmware": firmware,
            "upload_interval_h": reader.unsigned(1, "upload interval"),
            "ultrasonic_interval_min": reader.unsigned(1, "ultrasonic interval"),
            "magnetic_interval_s": reader.unsigned(1, "magnetic interval"),
            "undocumented_hex": reader.take(2, "unnamed bytes").hex(),
            "magnetic_threshold_mg": reader.unsigned(2, "magnetic threshold"),
        }
    )


CODEC = Codec(
    codec_id="dingtek-do200",
    version=1,
    maker="Dingtek",
    model="DO200 Parking Occupancy Sensor",
    decode=decode,
)

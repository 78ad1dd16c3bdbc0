# SPDX-License-Identifier: EUPL-1.2
"""Tekzitel TEKZIPARK parking sensor: status (port 1), diagnosis (port 2)."""

from __future__ import annotations

from uplink_decoder.codecs.model import BayReading, Codec, CodecError, Decoded, Frame, JsonValue
from uplink_decoder.codecs.payload_reader import PayloadReader, flag, unknown_port

_AXES = ("x", "y", "z")


def decode(frame: Frame) -> Decoded:
    """This function decodes one TEKZIPARK uplink."""
    reader = PayloadReader(frame.payload, "big")
    match frame.f_port:
        case 1:
            return _status(reader)
        case 2:
            return _diagnosis(reader)
    raise unknown_port(frame)


def _common(reader: PayloadReader) -> dict[str, JsonValue]:
    status = reader.unsigned(1, "status")
    return {
        "occupied": flag(status, 7),
        "battery_good": flag(status, 5),
        "obstructed": flag(status, 4),
        "radar_detection": flag(status, 3),
        "no_beacon": flag(status, 2),
        "reset": flag(status, 1),
        "keep_alive": flag(status, 0),
        "temperature_c": reader.signed(1, "temperature"),
        "parking_id": reader.unsigned(1, "parking id"),
    }


def _status(reader: PayloadReader) -> Decoded:
    data: dict[str, JsonValue] = {"frame": "parking_status", **_common(reader)}
    if reader.remaining:
        data["beacon_rssi_dbm"] = reader.signed(1, "beacon RSSI")
        data["beacon_ids"] = _beacons(reader)
    return Decoded(data=data, readings=(_reading(data),))


def _beacons(reader: PayloadReader) -> list[int]:
    if reader.remaining % 2:
        raise CodecError(f"byte {reader.offset}: half a beacon id, {reader.remaining} bytes left")
    return [reader.unsigned(2, "beacon id") for _ in range(reader.remaining // 2)]


def _diagnosis(reader: PayloadReader) -> Decoded:
    data: dict[str, JsonValue] = {"frame": "diagnosis", **_common(reader)}
    data["deflection"] = {axis: reader.signed(1, f"deflection {axis}") for axis in _AXES}
    data["baseline"] = {axis: reader.signed(1, f"baseline {axis}") for axis in _AXES}
    data["fault_code"] = reader.unsigned(1, "fault code")
    data["obstruction_level"] = reader.unsigned(1, "obstruction")
    data["direct_reflection"] = reader.unsigned(1, "direct reflection")
    return Decoded(data=data, readings=(_reading(data),), warnings=reader.trailing())


def _reading(data: dict[str, JsonValue]) -> BayReading:
    # With snow, leaves or dirt on the radar the state cannot be told from an occupied bay.
    suspect = bool(data["obstructed"] or data.get("fault_code"))
    return BayReading(bool(data["occupied"]), suspect=suspect)


CODEC = Codec(
    codec_id="tekzitel-tekzipark",
    version=1,
    maker="Tekzitel",
    model="TEKZIPARK",
    decode=decode,
)

# SPDX-License-Identifier: EUPL-1.2
"""Nwave NPS405 parking sensor: frames on ports 1, 2, 3, 6 and 10."""

from __future__ import annotations

from uplink_decoder.codecs.model import BayReading, Codec, CodecError, Decoded, Frame, JsonValue
from uplink_decoder.codecs.payload_reader import PayloadReader, flag, unknown_port

RESET_CAUSES = {
    0: "rejoining_network",
    1: "watchdog",
    2: "power_on",
    3: "user_request",
    6: "brownout",
    7: "other",
}
_TAG_ONLY = 4
_TAG_WITH_BATTERY = 5


def decode(frame: Frame) -> Decoded:
    """This function decodes one NPS405 uplink; the debug frame of port 6 has no bay state."""
    reader = PayloadReader(frame.payload, "big")
    match frame.f_port:
        case 1:
            return _parking_status(reader)
        case 2:
            return _heartbeat(reader)
        case 3:
            return _startup(reader)
        case 6:
            return Decoded(data={"frame": "debug", "content_hex": reader.hex_rest()})
        case 10:
            return _tag_registration(reader)
    raise unknown_port(frame)


def _duration(code: int) -> tuple[int, int | None]:
    """This function returns the minutes of a 7-bit code and their possible excess (None: any)."""
    if code < 90:
        return code, 0
    if code < 120:
        return 90 + 5 * (code - 90), 4
    if code < 127:
        return 240 + 60 * (code - 120), 59
    return 660, None


def _state(status: int) -> tuple[dict[str, JsonValue], BayReading]:
    occupied = flag(status, 0)
    minutes, error = _duration(status >> 1)
    fields: dict[str, JsonValue] = {
        "occupied": occupied,
        "previous_duration_min": minutes,
        "previous_duration_error_min": error,
        "previous_duration_overflow": error is None,
    }
    # An overflow is a lower bound only; passing it on as a duration would be false.
    duration_s = None if error is None else 60 * minutes
    return fields, BayReading(occupied, previous_duration_s=duration_s)


def _parking_status(reader: PayloadReader) -> Decoded:
    fields, reading = _state(reader.unsigned(1, "status"))
    return Decoded(
        data={"frame": "parking_status", **fields},
        readings=(reading,),
        warnings=reader.trailing(),
    )


def _battery_health(battery_mv: int, temperature_c: float) -> str:
    critical_below = 2900 if temperature_c >= -5 else 2800
    if battery_mv < critical_below:
        return "critical"
    return "low" if battery_mv < critical_below + 100 else "normal"


def _heartbeat(reader: PayloadReader) -> Decoded:
    status = reader.unsigned(1, "status")
    battery_mv = 2500 + 4 * reader.unsigned(1, "battery voltage")
    temperature_c = reader.signed(1, "temperature") / 2 + 10
    occupied = flag(status, 0)
    return Decoded(
        data={
            "frame": "heartbeat",
            "occupied": occupied,
            "hardware_health": status >> 1,
            "battery_mv": battery_mv,
            "battery_health": _battery_health(battery_mv, temperature_c),
            "temperature_c": temperature_c,
            "undocumented_hex": reader.hex_rest(),
        },
        readings=(BayReading(occupied),),
        battery_mv=battery_mv,
    )


def _startup(reader: PayloadReader) -> Decoded:
    firmware = ".".join(str(part) for part in reader.take(3, "firmware version"))
    cause = reader.unsigned(1, "reset cause")
    occupied = flag(reader.unsigned(1, "status"), 0)
    return Decoded(
        data={
            "frame": "startup",
            "firmware": firmware,
            "reset_cause": RESET_CAUSES.get(cause, f"unknown ({cause})"),
            "occupied": occupied,
        },
        readings=(BayReading(occupied),),
        warnings=reader.trailing(),
    )


def _tag_registration(reader: PayloadReader) -> Decoded:
    status = reader.unsigned(1, "status")
    data: dict[str, JsonValue] = {"frame": "tag_registration"}
    readings: tuple[BayReading, ...] = ()
    if flag(status, 0):
        fields, reading = _state(status)
        data |= fields
        readings = (reading,)
    if reader.remaining not in (_TAG_ONLY, _TAG_WITH_BATTERY):
        raise CodecError(f"byte {reader.offset}: {reader.remaining} bytes, a tag takes 4 or 5")
    if reader.remaining == _TAG_WITH_BATTERY:
        data["tag_battery_mv"] = 100 * reader.unsigned(1, "tag battery voltage")
    data["tag_id"] = f"{reader.unsigned(4, 'tag id'):08X}"
    return Decoded(data=data, readings=readings)


CODEC = Codec(
    codec_id="nwave-nps405",
    version=1,
    maker="Nwave",
    model="NPS405 Smart Parking Sensor G4",
    decode=decode,
)

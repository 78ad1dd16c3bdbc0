# SPDX-License-Identifier: EUPL-1.2
"""Bosch TPS110 parking lot sensor: frames on ports 1 to 6."""

from __future__ import annotations

from uplink_decoder.codecs.model import BayReading, Codec, Decoded, Frame
from uplink_decoder.codecs.payload_reader import PayloadReader, flag, unknown_port

_RESET_CAUSES = {1: "watchdog", 2: "power_on", 3: "system_request", 4: "other"}
_OPAQUE_FRAMES = {4: "device_information", 5: "device_usage"}


def decode(frame: Frame) -> Decoded:
    """This function decodes one TPS110 uplink; the frames of ports 4 to 6 carry no bay state."""
    reader = PayloadReader(frame.payload, "little")
    match frame.f_port:
        case 1:
            return _parking_status(reader)
        case 2:
            return _heartbeat(reader)
        case 3:
            return _startup(reader)
        case 4 | 5:
            name = _OPAQUE_FRAMES[frame.f_port]
            return Decoded(data={"frame": name, "content_hex": reader.hex_rest()})
        case 6:
            return _debug(reader)
    raise unknown_port(frame)


def _parking_status(reader: PayloadReader) -> Decoded:
    occupied = flag(reader.unsigned(1, "status"), 0)
    return Decoded(
        data={"frame": "parking_status", "occupied": occupied},
        readings=(BayReading(occupied),),
        warnings=reader.trailing(),
    )


def _heartbeat(reader: PayloadReader) -> Decoded:
    occupied = flag(reader.unsigned(1, "status"), 0)
    # Firmware before 0.29 sends the status alone.
    temperature_c = reader.signed(1, "temperature") if reader.remaining else None
    return Decoded(
        data={"frame": "heartbeat", "occupied": occupied, "temperature_c": temperature_c},
        readings=(BayReading(occupied),),
        warnings=reader.trailing(),
    )


def _startup(reader: PayloadReader) -> Decoded:
    codes = [reader.unsigned(4, "debug code") & 0xFFF for _ in range(3)]
    firmware = ".".join(str(part) for part in reader.take(3, "firmware version"))
    cause = reader.unsigned(1, "reset cause")
    occupied = flag(reader.unsigned(1, "status"), 0)
    return Decoded(
        data={
            "frame": "startup",
            "debug_codes": [code for code in codes if code],
            "firmware": firmware,
            "reset_cause": _RESET_CAUSES.get(cause, f"unknown ({cause})"),
            "occupied": occupied,
        },
        readings=(BayReading(occupied),),
        warnings=reader.trailing(),
    )


def _debug(reader: PayloadReader) -> Decoded:
    timestamp = reader.unsigned(4, "timestamp")
    code = reader.unsigned(2, "debug code") & 0xFFF
    reader.take(2, "unnamed bytes")
    sequence = reader.unsigned(2, "sequence number")
    return Decoded(
        data={
            "frame": "debug",
            "device_timestamp": timestamp,
            "debug_code": code,
            "sequence": sequence,
        },
        warnings=reader.trailing(),
    )


CODEC = Codec(
    codec_id="bosch-tps110",
    version=1,
    maker="Bosch",
    model="TPS110 Parking Lot Sensor",
    decode=decode,
)

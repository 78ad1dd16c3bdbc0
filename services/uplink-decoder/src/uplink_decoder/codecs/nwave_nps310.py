# SPDX-License-Identifier: EUPL-1.2
"""Nwave NPS310 parking sensor: frames on ports 1, 2, 3 and 6."""

from __future__ import annotations

from uplink_decoder.codecs.model import BayReading, Codec, Decoded, Frame
from uplink_decoder.codecs.payload_reader import PayloadReader, flag, unknown_port

_RESET_CAUSES = {1: "watchdog", 2: "power_on", 3: "user_request", 4: "brownout", 5: "other"}
_STATUS_FRAMES = {1: "parking_status", 2: "heartbeat"}


def decode(frame: Frame) -> Decoded:
    """This function decodes one NPS310 uplink; the debug frame of port 6 has no bay state."""
    reader = PayloadReader(frame.payload, "big")
    match frame.f_port:
        case 1 | 2:
            occupied = flag(reader.unsigned(1, "status"), 0)
            return Decoded(
                data={"frame": _STATUS_FRAMES[frame.f_port], "occupied": occupied},
                readings=(BayReading(occupied),),
                warnings=reader.trailing(),
            )
        case 3:
            return _startup(reader)
        case 6:
            return Decoded(data={"frame": "debug", "content_hex": reader.hex_rest()})
    raise unknown_port(frame)


def _startup(reader: PayloadReader) -> Decoded:
    firmware = ".".join(str(part) for part in reader.take(3, "firmware version"))
    cause = reader.unsigned(1, "reset cause")
    occupied = flag(reader.unsigned(1, "status"), 0)
    return Decoded(
        data={
            "frame": "startup",
            "firmware": firmware,
            "reset_cause": _RESET_CAUSES.get(cause, f"unknown ({cause})"),
            "occupied": occupied,
        },
        readings=(BayReading(occupied),),
        warnings=reader.trailing(),
    )


CODEC = Codec(
    codec_id="nwave-nps310",
    version=1,
    maker="Nwave",
    model="NPS310 Smart Parking Sensor",
    decode=decode,
)

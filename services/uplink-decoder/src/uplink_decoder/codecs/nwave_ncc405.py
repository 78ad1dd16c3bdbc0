# SPDX-License-Identifier: EUPL-1.2
"""Nwave NCC405 passing-vehicle counter: ports 1, 2, 3 and 6."""

from __future__ import annotations

from uplink_decoder.codecs.model import Codec, CountReading, Decoded, Frame
from uplink_decoder.codecs.nwave_nps405 import RESET_CAUSES
from uplink_decoder.codecs.payload_reader import PayloadReader, unknown_port

_GATE = "1"


def decode(frame: Frame) -> Decoded:
    """This function decodes one NCC405 uplink; the counter has no direction, so all is in."""
    reader = PayloadReader(frame.payload, "big")
    match frame.f_port:
        case 1:
            count = reader.unsigned(2, "counter")
            return Decoded(
                data={"frame": "counter_update", "vehicle_count": count},
                readings=(CountReading(_GATE, "cumulative", count_in=count, count_out=0),),
                warnings=reader.trailing(),
            )
        case 2:
            return _heartbeat(reader)
        case 3:
            return _startup(reader)
        case 6:
            return Decoded(data={"frame": "debug", "content_hex": reader.hex_rest()})
    raise unknown_port(frame)


def _heartbeat(reader: PayloadReader) -> Decoded:
    health = reader.unsigned(1, "hardware health")
    battery_mv = 2500 + 4 * reader.unsigned(1, "battery voltage")
    mean_mv = 2500 + 4 * reader.unsigned(1, "mean battery voltage")
    return Decoded(
        data={
            "frame": "heartbeat",
            # The maker's own codec has masked this byte in two ways; see the mapping page.
            "hardware_health_raw": health,
            "battery_mv": battery_mv,
            "battery_mean_24h_mv": mean_mv,
        },
        battery_mv=battery_mv,
        warnings=reader.trailing(),
    )


def _startup(reader: PayloadReader) -> Decoded:
    firmware = ".".join(str(part) for part in reader.take(3, "firmware version"))
    cause = reader.unsigned(1, "reset cause")
    return Decoded(
        data={
            "frame": "startup",
            "firmware": firmware,
            "reset_cause": RESET_CAUSES.get(cause, f"unknown ({cause})"),
        },
        warnings=reader.trailing(),
    )


CODEC = Codec(
    codec_id="nwave-ncc405",
    version=1,
    maker="Nwave",
    model="NCC405 Smart Car Counter G4",
    decode=decode,
)

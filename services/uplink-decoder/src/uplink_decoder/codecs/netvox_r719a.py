# SPDX-License-Identifier: EUPL-1.2
"""Netvox R719A parking sensor: reports (port 6), answers (port 7)."""

from __future__ import annotations

from uplink_decoder.codecs.model import BayReading, Codec, CodecError, Decoded, Frame
from uplink_decoder.codecs.payload_reader import PayloadReader, flag, require_length, unknown_port

_LENGTH = 11
_PROTOCOL_VERSION = 0x01
_DEVICE_TYPES = {0x59: "R719A", 0xAF: "R719B"}
_VERSION_REPORT, _STATUS_REPORT = 0x00, 0x01
_CONFIGURED, _CONFIGURATION = 0x81, 0x82


def decode(frame: Frame) -> Decoded:
    """This function decodes one R719A uplink; only the status report carries the bay's state."""
    reader = PayloadReader(frame.payload, "big")
    if frame.f_port not in (6, 7):
        raise unknown_port(frame)
    require_length(frame, _LENGTH)
    lead = reader.unsigned(1, "version or command")
    device_type = reader.unsigned(1, "device type")
    device = _DEVICE_TYPES.get(device_type)
    if device is None:
        raise CodecError(f"byte 1: device type {device_type:02x} is no R719A")
    if frame.f_port == 7:
        return _answer(reader, device, lead)
    if lead != _PROTOCOL_VERSION:
        raise CodecError(f"byte 0: protocol version {lead} is not 1")
    return _report(reader, device)


def _report(reader: PayloadReader, device: str) -> Decoded:
    kind = reader.unsigned(1, "report type")
    if kind == _VERSION_REPORT:
        return Decoded(
            data={
                "frame": "version",
                "device": device,
                "software_version": f"{reader.unsigned(1, 'software version') / 10:.1f}",
                "hardware_version": str(reader.unsigned(1, "hardware version")),
                "date_code": reader.take(4, "date code").hex(),
            }
        )
    if kind == _STATUS_REPORT:
        return _status(reader, device)
    raise CodecError(f"byte 2: report type {kind} is unknown")


def _status(reader: PayloadReader, device: str) -> Decoded:
    battery = reader.unsigned(1, "battery")
    battery_mv = 100 * (battery & 0x7F)
    car = reader.unsigned(1, "car")
    if car > 1:
        raise CodecError(f"byte 4: car state {car} is neither 0 nor 1")
    return Decoded(
        data={
            "frame": "status",
            "device": device,
            "battery_mv": battery_mv,
            "battery_low": flag(battery, 7),
            "occupied": car == 1,
        },
        readings=(BayReading(car == 1),),
        battery_mv=battery_mv,
    )


def _answer(reader: PayloadReader, device: str, command: int) -> Decoded:
    if command == _CONFIGURED:
        accepted = reader.unsigned(1, "status") == 0
        return Decoded(
            data={"frame": "configuration_answer", "device": device, "accepted": accepted}
        )
    if command == _CONFIGURATION:
        return Decoded(
            data={
                "frame": "configuration",
                "device": device,
                "report_min_s": reader.unsigned(2, "minimum time"),
                "report_max_s": reader.unsigned(2, "maximum time"),
                "battery_change_mv": 100 * reader.unsigned(1, "battery change"),
            }
        )
    raise CodecError(f"byte 0: command {command:02x} is unknown")


CODEC = Codec(
    codec_id="netvox-r719a",
    version=1,
    maker="Netvox",
    model="R719A Parking Sensor",
    decode=decode,
)

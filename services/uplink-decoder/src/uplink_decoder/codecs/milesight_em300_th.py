# SPDX-License-Identifier: EUPL-1.2
"""Milesight EM300-TH temperature and humidity sensor."""

from __future__ import annotations

from datetime import UTC, datetime

from uplink_decoder.codecs.milesight_device import COMMON, dotted_version, firmware, hardware
from uplink_decoder.codecs.milesight_tlv import Channels, Uplink, read_channels
from uplink_decoder.codecs.model import (
    Codec,
    CodecError,
    Decoded,
    EnvironmentReading,
    Frame,
    JsonValue,
    Measured,
)
from uplink_decoder.codecs.payload_reader import PayloadReader

_FULL_BATTERY_PERCENT = 100
_NAMES = {
    "temperature_c": ("air.temperature", "°C"),
    "humidity_percent": ("air.relativeHumidity", "%"),
}


def decode(frame: Frame) -> Decoded:
    """This function decodes one EM300-TH uplink on any application port, history included."""
    uplink, warnings = read_channels(frame, _CHANNELS)
    history = uplink.data.get("history", [])
    past = history if isinstance(history, list) else []
    readings = [
        _reading(uplink.data, None),
        *(_reading(each, datetime.fromisoformat(each["observed_at"])) for each in past),
    ]
    return Decoded(
        data=uplink.data,
        readings=tuple(reading for reading in readings if reading.measured),
        battery_percent=uplink.battery_percent,
        warnings=tuple(warnings),
    )


def _reading(fields: dict[str, JsonValue], observed_at: datetime | None) -> EnvironmentReading:
    measured = tuple(
        Measured(quantity, float(value), unit)
        for name, (quantity, unit) in _NAMES.items()
        if isinstance(value := fields.get(name), int | float)
    )
    return EnvironmentReading(measured, observed_at)


def _battery(reader: PayloadReader, uplink: Uplink) -> None:
    start = reader.offset
    percent = reader.unsigned(1, "battery")
    if percent > _FULL_BATTERY_PERCENT:
        raise CodecError(f"byte {start}: battery at {percent} %")
    uplink.battery_percent = uplink.data["battery_percent"] = percent


def _temperature(reader: PayloadReader, uplink: Uplink) -> None:
    uplink.data["temperature_c"] = reader.signed(2, "temperature") / 10


def _humidity(reader: PayloadReader, uplink: Uplink) -> None:
    uplink.data["humidity_percent"] = reader.unsigned(1, "humidity") / 2


def _history(reader: PayloadReader, uplink: Uplink) -> None:
    time = datetime.fromtimestamp(reader.unsigned(4, "time"), UTC)
    past: dict[str, JsonValue] = {
        "observed_at": time.isoformat(),
        "temperature_c": reader.signed(2, "temperature") / 10,
        "humidity_percent": reader.unsigned(1, "humidity") / 2,
    }
    reader.take(1, "reserved")
    history = uplink.data.setdefault("history", [])
    if isinstance(history, list):
        history.append(past)


_CHANNELS: Channels = {
    **COMMON,
    (0xFF, 0x09): hardware,
    (0xFF, 0x0A): firmware,
    (0xFF, 0xFF): dotted_version("tsl_version", 2),
    (0x01, 0x75): _battery,
    (0x03, 0x67): _temperature,
    (0x04, 0x68): _humidity,
    (0x20, 0xCE): _history,
}

CODEC = Codec(
    codec_id="milesight-em300-th",
    version=1,
    maker="Milesight",
    model="EM300-TH Temperature and Humidity Sensor",
    decode=decode,
)

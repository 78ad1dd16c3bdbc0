# SPDX-License-Identifier: EUPL-1.2
"""Milesight VS350 passage people counter."""

from __future__ import annotations

from uplink_decoder.codecs.milesight_device import COMMON, dotted_version, firmware, hardware
from uplink_decoder.codecs.milesight_tlv import Channels, Read, Snapshot, Uplink, decode_channels
from uplink_decoder.codecs.milesight_vs350_settings import ANSWERS
from uplink_decoder.codecs.model import Codec, CodecError, Decoded, Frame, JsonValue
from uplink_decoder.codecs.payload_reader import PayloadReader

_GATE = "1"
_ALARMS = {
    0: "threshold_released",
    1: "threshold",
    3: "high_temperature",
    4: "high_temperature_released",
}
_WITHOUT_TOTALS, _WITH_TOTALS = 0, 1
_FULL_BATTERY_PERCENT = 100


def decode(frame: Frame) -> Decoded:
    """This function decodes one VS350 uplink on any application port; the passage is gate 1."""
    return decode_channels(frame, _CHANNELS)


def _pair(reader: PayloadReader, name: str) -> dict[str, JsonValue]:
    return {
        f"{name}_in": reader.unsigned(2, f"{name} in"),
        f"{name}_out": reader.unsigned(2, f"{name} out"),
    }


def _alarm(reader: PayloadReader) -> str:
    state = reader.unsigned(1, "alarm")
    return _ALARMS.get(state, f"unknown ({state})")


def _count(snapshot: Snapshot, counters: dict[str, JsonValue]) -> None:
    snapshot.gates.setdefault(_GATE, {}).update(counters)


def _counters(name: str) -> Read:
    def read(reader: PayloadReader, uplink: Uplink) -> None:
        _count(uplink.current, _pair(reader, name))

    return read


def _total_alarm(reader: PayloadReader, uplink: Uplink) -> None:
    _count(uplink.current, _pair(reader, "total"))
    uplink.data["total_alarm"] = _alarm(reader)


def _period_alarm(reader: PayloadReader, uplink: Uplink) -> None:
    # Sent before the period ends; the report at its end repeats these people.
    uplink.data["unfinished_period"] = _pair(reader, "period")
    uplink.data["period_alarm"] = _alarm(reader)


def _temperature(reader: PayloadReader, uplink: Uplink) -> None:
    uplink.data["temperature_c"] = reader.signed(2, "temperature") / 10


def _temperature_alarm(reader: PayloadReader, uplink: Uplink) -> None:
    _temperature(reader, uplink)
    uplink.data["temperature_alarm"] = _alarm(reader)


def _battery(reader: PayloadReader, uplink: Uplink) -> None:
    start = reader.offset
    percent = reader.unsigned(1, "battery")
    if percent > _FULL_BATTERY_PERCENT:
        raise CodecError(f"byte {start}: battery at {percent} %")
    uplink.battery_percent = uplink.data["battery_percent"] = percent


def _timestamp(reader: PayloadReader, uplink: Uplink) -> None:
    uplink.observed_epoch_s = uplink.data["device_time_epoch_s"] = reader.unsigned(4, "time")


def _sensitivity(reader: PayloadReader, uplink: Uplink) -> None:
    uplink.data["sensitivity"] = reader.unsigned(1, "sensitivity")


def _history(reader: PayloadReader, uplink: Uplink) -> None:
    past = uplink.history.setdefault(reader.unsigned(4, "time"), Snapshot())
    start = reader.offset
    kind = reader.unsigned(1, "data type")
    if kind not in (_WITHOUT_TOTALS, _WITH_TOTALS):
        raise CodecError(f"byte {start}: history of data type {kind} is unknown")
    _count(past, _pair(reader, "period"))
    if kind == _WITH_TOTALS:
        _count(past, _pair(reader, "total"))


_CHANNELS: Channels = {
    **ANSWERS,
    **COMMON,
    (0xFF, 0x09): hardware,
    (0xFF, 0x0A): firmware,
    (0xFF, 0xFF): dotted_version("tsl_version", 2),
    (0x01, 0x75): _battery,
    (0x03, 0x67): _temperature,
    (0x04, 0xCC): _counters("total"),
    (0x05, 0xCC): _counters("period"),
    (0x0A, 0xEF): _timestamp,
    (0x20, 0xCE): _history,
    (0x81, 0xEE): _sensitivity,
    (0x83, 0x67): _temperature_alarm,
    (0x84, 0xCC): _total_alarm,
    (0x85, 0xCC): _period_alarm,
}

CODEC = Codec(
    codec_id="milesight-vs350",
    version=1,
    maker="Milesight",
    model="VS350 Passage People Counter",
    decode=decode,
)

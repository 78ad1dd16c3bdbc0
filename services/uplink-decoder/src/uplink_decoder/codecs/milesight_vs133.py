# SPDX-License-Identifier: EUPL-1.2
"""Milesight VS133 and VS135 people counters."""

from __future__ import annotations

from typing import Literal

from uplink_decoder.codecs.milesight_device import COMMON, dotted_version
from uplink_decoder.codecs.milesight_tlv import Channels, Read, Snapshot, Uplink, decode_channels
from uplink_decoder.codecs.milesight_vs133_settings import ANSWERS
from uplink_decoder.codecs.model import Codec, CodecError, Decoded, Frame
from uplink_decoder.codecs.payload_reader import PayloadReader

# (group, its number, counter, bytes)
Counter = tuple[Literal["gate", "region"], str, str, int]

_NUMBERS = ("1", "2", "3", "4")
_TOTAL, _PERIOD, _REGIONS, _DWELL = 0xD2, 0xCC, 0xE3, 0xE4
_ALL_PEOPLE, _CHILDREN = (0x03, ""), (0x11, "child_")
_PAST_DWELL = {
    0x10: "dwell_mean",
    0x20: "dwell_max",
    0x1E: "child_dwell_mean",
    0x3C: "child_dwell_max",
}


def decode(frame: Frame) -> Decoded:
    """This function decodes one VS133 uplink on any application port; each line becomes a gate."""
    return decode_channels(frame, _CHANNELS)


def _counters(first: int, prefix: str) -> dict[tuple[int, int], tuple[Counter, ...]]:
    """This function lays out the thirteen counting channels that begin at `first`."""
    layout: dict[tuple[int, int], tuple[Counter, ...]] = {}
    for index, line in enumerate(_NUMBERS):
        channel = first + 3 * index
        layout[channel, _TOTAL] = (("gate", line, f"{prefix}total_in", 4),)
        layout[channel + 1, _TOTAL] = (("gate", line, f"{prefix}total_out", 4),)
        layout[channel + 2, _PERIOD] = (
            ("gate", line, f"{prefix}period_in", 2),
            ("gate", line, f"{prefix}period_out", 2),
        )
    regions: tuple[Counter, ...] = tuple(("region", n, f"{prefix}count", 1) for n in _NUMBERS)
    return layout | {(first + 12, _REGIONS): regions}


_COUNTERS = _counters(*_ALL_PEOPLE) | _counters(*_CHILDREN)
_PAST_COUNTERS = {channel: counters for (channel, _), counters in _COUNTERS.items()}


def _count(reader: PayloadReader, snapshot: Snapshot, counters: tuple[Counter, ...]) -> None:
    for kind, number, name, size in counters:
        groups = snapshot.gates if kind == "gate" else snapshot.regions
        groups.setdefault(number, {})[name] = reader.unsigned(size, name)


def _current(counters: tuple[Counter, ...]) -> Read:
    def read(reader: PayloadReader, uplink: Uplink) -> None:
        _count(reader, uplink.current, counters)

    return read


def _dwell(prefix: str) -> Read:
    def read(reader: PayloadReader, uplink: Uplink) -> None:
        region = uplink.current.regions.setdefault(str(reader.unsigned(1, "region")), {})
        region[f"{prefix}dwell_mean"] = reader.unsigned(2, "mean dwell time")
        region[f"{prefix}dwell_max"] = reader.unsigned(2, "longest dwell time")

    return read


def _occlusion(reader: PayloadReader, uplink: Uplink) -> None:
    reader.take(1, "alarm kind")
    node = reader.unsigned(1, "node")
    name = f"node_{node}" if node else "master"
    uplink.data[f"{name}_occluded"] = reader.unsigned(1, "alarm state") == 1


def _history(reader: PayloadReader, uplink: Uplink) -> None:
    past = uplink.history.setdefault(reader.unsigned(4, "time"), Snapshot())
    start = reader.offset
    kind = reader.unsigned(1, "data type")
    if kind in _PAST_COUNTERS:
        _count(reader, past, _PAST_COUNTERS[kind])
    elif kind in _PAST_DWELL:
        region = past.regions.setdefault(str(reader.unsigned(1, "region")), {})
        region[_PAST_DWELL[kind]] = reader.unsigned(2, "dwell time")
    else:
        raise CodecError(f"byte {start}: history of data type {kind:02x} is unknown")


_CHANNELS: Channels = {
    **ANSWERS,
    **COMMON,
    (0xFF, 0x09): dotted_version("hardware", 2),
    (0xFF, 0x1F): dotted_version("firmware", 4),
    **{channel: _current(counters) for channel, counters in _COUNTERS.items()},
    (0x10, _DWELL): _dwell(""),
    (0x1E, _DWELL): _dwell("child_"),
    (0x20, 0xCE): _history,
    (0x50, 0xFC): _occlusion,
}

CODEC = Codec(
    codec_id="milesight-vs133",
    version=1,
    maker="Milesight",
    model="VS133 AI ToF People Counting Sensor",
    decode=decode,
)

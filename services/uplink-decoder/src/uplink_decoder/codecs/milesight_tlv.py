# SPDX-License-Identifier: EUPL-1.2
"""The channel list of Milesight people counters: loop, version channels, counters to readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from uplink_decoder.codecs.model import CodecError, CountReading, Decoded, Frame, JsonValue
from uplink_decoder.codecs.payload_reader import PayloadReader, require_application_port

Groups = dict[str, dict[str, JsonValue]]


@dataclass(slots=True)
class Snapshot:
    """The counters of one moment, by gate (passage line) and by region."""

    gates: Groups = field(default_factory=dict)
    regions: Groups = field(default_factory=dict)

    def fields(self) -> dict[str, JsonValue]:
        """This function returns the groups that hold something."""
        groups = {"gates": self.gates, "regions": self.regions}
        return {name: group for name, group in groups.items() if group}


@dataclass(slots=True)
class Uplink:
    """What the channels of one uplink have told so far; history by epoch second."""

    data: dict[str, JsonValue] = field(default_factory=dict)
    settings: dict[str, JsonValue] = field(default_factory=dict)
    current: Snapshot = field(default_factory=Snapshot)
    history: dict[int, Snapshot] = field(default_factory=dict)
    observed_epoch_s: int | None = None
    battery_percent: float | None = None


Read = Callable[[PayloadReader, Uplink], None]
Channels = Mapping[tuple[int, int], Read]


def decode_channels(frame: Frame, channels: Channels) -> Decoded:
    """This function reads channel after channel and turns the counters into readings."""
    uplink, warnings = read_channels(frame, channels)
    return _decoded(uplink, warnings)


def read_channels(frame: Frame, channels: Channels) -> tuple[Uplink, list[str]]:
    """This function reads channel after channel; an unknown one ends it with a warning."""
    require_application_port(frame)
    reader = PayloadReader(frame.payload, "little")
    uplink = Uplink()
    warnings: list[str] = []
    while reader.remaining:
        start = reader.offset
        channel, kind = reader.unsigned(1, "channel"), reader.unsigned(1, "channel type")
        read = channels.get((channel, kind))
        if read is None:
            reason = f"byte {start}: unknown channel {channel:02x} {kind:02x}"
            if start == 0:
                raise CodecError(reason)
            warnings.append(f"{reason}, the rest is not read")
            break
        read(reader, uplink)
    return uplink, warnings


def _decoded(uplink: Uplink, warnings: list[str]) -> Decoded:
    observed_at = None if uplink.observed_epoch_s is None else _utc(uplink.observed_epoch_s)
    data = uplink.data | uplink.current.fields()
    if uplink.settings:
        data["settings"] = uplink.settings
    if uplink.history:
        data["history"] = [
            {"observed_at": _utc(epoch_s).isoformat(), **past.fields()}
            for epoch_s, past in uplink.history.items()
        ]
    readings = _readings(uplink.current, observed_at, warnings)
    for epoch_s, past in uplink.history.items():
        readings += _readings(past, _utc(epoch_s), warnings)
    return Decoded(
        data=data,
        readings=tuple(readings),
        battery_percent=uplink.battery_percent,
        warnings=tuple(warnings),
    )


def _utc(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def _readings(
    snapshot: Snapshot, observed_at: datetime | None, warnings: list[str]
) -> list[CountReading]:
    readings = []
    for gate, counters in sorted(snapshot.gates.items()):
        reading = _cumulative_else_delta(gate, counters, observed_at)
        if reading is not None:
            readings.append(reading)
        elif not counters.keys().isdisjoint({"total_in", "total_out"}):
            warnings.append(f"gate {gate}: one of total_in and total_out is missing, no reading")
    return readings


def _cumulative_else_delta(
    gate: str, counters: Mapping[str, JsonValue], observed_at: datetime | None
) -> CountReading | None:
    # Period counters beside totals would count the same people twice.
    modes: tuple[tuple[str, Literal["cumulative", "delta"]], ...] = (
        ("total", "cumulative"),
        ("period", "delta"),
    )
    for prefix, mode in modes:
        count_in, count_out = counters.get(f"{prefix}_in"), counters.get(f"{prefix}_out")
        if isinstance(count_in, int) and isinstance(count_out, int):
            return CountReading(gate, mode, count_in, count_out, observed_at)
    return None

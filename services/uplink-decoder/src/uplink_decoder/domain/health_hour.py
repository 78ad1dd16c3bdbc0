# SPDX-License-Identifier: EUPL-1.2
"""An hour of a device's radio: counters, signal, spreading factor, battery; and sums of hours; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

from uplink_decoder.domain.frames import Frame, FrameCounts, Track, count_frames

HOUR = timedelta(hours=1)


class Heard(NamedTuple):
    """One gateway's reception of one frame; `is_foreign` is another network's gateway."""

    gateway_id: str
    rssi: float | None
    snr: float | None
    is_foreign: bool = False
    lat: float | None = None
    lon: float | None = None


class HeardFrame(NamedTuple):
    """What counts of one stored uplink."""

    frame: Frame
    heard: tuple[Heard, ...] = ()
    spreading_factor: int | None = None
    battery_mv: int | None = None
    battery_percent: float | None = None
    has_codec_error: bool = False


class Signal(NamedTuple):
    """Strongest, weakest and mean of some receptions."""

    frames: int
    rssi_max: float | None
    rssi_min: float | None
    rssi_mean: float | None
    snr_max: float | None
    snr_min: float | None
    snr_mean: float | None


NOTHING_HEARD = Signal(0, None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class HealthHour:
    """What one hour's uplinks tell; `best` is over each frame's best reception."""

    counts: FrameCounts
    codec_errors: int = 0
    spreading: Mapping[int, int] = field(default_factory=dict)
    best: Signal = NOTHING_HEARD
    gateways: Mapping[str, Signal] = field(default_factory=dict)
    battery_mv: int | None = None
    battery_percent: float | None = None


def hour_number(at: datetime) -> int:
    """Return the hour (UTC) of a time as a number, which is quicker to make than a time."""
    return at.toordinal() * 24 + at.hour


def hour_start(number: int) -> datetime:
    """Return when a numbered hour begins."""
    day, hour = divmod(number, 24)
    return datetime.fromordinal(day).replace(tzinfo=UTC, hour=hour)


def examine(
    frames: Sequence[HeardFrame], statuses: Iterable[float], before: Track
) -> tuple[HealthHour, Track]:
    """Return what an hour's frames and battery statuses (percent) amount to.

    `before` is where the frame counter stood at the end of the last hour with frames. A codec's
    percentage counts before the network server's, since it comes with each reading.
    """
    counts, track = count_frames((each.frame for each in frames), before)
    by_gateway: dict[str, list[Heard]] = {}
    for each in frames:
        for one in each.heard:
            by_gateway.setdefault(one.gateway_id, []).append(one)
    told = [each.battery_percent for each in frames if each.battery_percent is not None]
    percents = told or list(statuses)
    hour = HealthHour(
        counts=counts,
        codec_errors=sum(each.has_codec_error for each in frames),
        spreading=Counter(each.spreading_factor for each in frames if each.spreading_factor),
        best=_signal([_best(each.heard) for each in frames if each.heard]),
        gateways={name: _signal(heard) for name, heard in sorted(by_gateway.items())},
        battery_mv=_middle([each.battery_mv for each in frames if each.battery_mv is not None]),
        battery_percent=median(percents) if percents else None,
    )
    return hour, track


def combine(hours: Sequence[HealthHour]) -> HealthHour:
    """Return several hours as one: counts added, means weighted, batteries by their median."""
    counts = FrameCounts(
        *(
            sum(getattr(each.counts, name) for each in hours)
            for name in FrameCounts.__dataclass_fields__
        )
    )
    names = sorted({name for each in hours for name in each.gateways})
    spreading: Counter[int] = Counter()
    for each in hours:
        spreading.update(each.spreading)
    percents = [each.battery_percent for each in hours if each.battery_percent is not None]
    return HealthHour(
        counts=counts,
        codec_errors=sum(each.codec_errors for each in hours),
        spreading=spreading,
        best=_join([each.best for each in hours]),
        gateways={
            name: _join([each.gateways[name] for each in hours if name in each.gateways])
            for name in names
        },
        battery_mv=_middle([each.battery_mv for each in hours if each.battery_mv is not None]),
        battery_percent=median(percents) if percents else None,
    )


def _best(heard: Sequence[Heard]) -> Heard:
    return max(heard, key=lambda each: -1000.0 if each.rssi is None else each.rssi)


def _signal(heard: Sequence[Heard]) -> Signal:
    rssi = [each.rssi for each in heard if each.rssi is not None]
    snr = [each.snr for each in heard if each.snr is not None]
    return Signal(len(heard), *_figures(rssi), *_figures(snr))


def _figures(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    if not values:
        return None, None, None
    return max(values), min(values), sum(values) / len(values)


def _join(signals: Sequence[Signal]) -> Signal:
    frames = sum(each.frames for each in signals)

    def extreme(name: str, pick: Callable[[list[float]], float]) -> float | None:
        values = [value for each in signals if (value := getattr(each, name)) is not None]
        return pick(values) if values else None

    def mean(name: str) -> float | None:
        known = [each for each in signals if getattr(each, name) is not None and each.frames]
        weight = sum(each.frames for each in known)
        return sum(getattr(each, name) * each.frames for each in known) / weight if weight else None

    return Signal(
        frames,
        extreme("rssi_max", max),
        extreme("rssi_min", min),
        mean("rssi_mean"),
        extreme("snr_max", max),
        extreme("snr_min", min),
        mean("snr_mean"),
    )


def _middle(values: Sequence[int]) -> int | None:
    return round(median(values)) if values else None

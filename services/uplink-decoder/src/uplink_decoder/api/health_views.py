# SPDX-License-Identifier: EUPL-1.2
"""What is answered about health: models, and how hours of a device become them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from uplink_decoder.domain.battery import Outlook
from uplink_decoder.domain.health_hour import HealthHour, Signal, combine


class SignalView(BaseModel):
    """Reception of some frames: strongest, weakest and mean, in dBm and dB."""

    rssi_best: float | None
    rssi_worst: float | None
    rssi_mean: float | None
    snr_best: float | None
    snr_worst: float | None
    snr_mean: float | None


class GatewayReception(SignalView):
    """How one gateway heard the device."""

    gateway_id: str
    frames: int


class RadioFigures(BaseModel):
    """Frames of a period: what was sent, as far as counters tell, and what came."""

    frames: int = Field(description="received, each once, those on fPort 0 among them")
    expected: int = Field(description="received and missing by the frame counter")
    lost: int = Field(description="missing: lost on the air or by the network before us")
    lost_long: int = Field(description="of these, more than ten in a row: somebody was away")
    loss: float | None = Field(description="lost as a share of expected, 0 to 1")
    repeated: int = Field(description="the same frame again, from another source")
    resets: int = Field(description="the counter began anew without a new session")
    sessions: int = Field(description="new sessions: joins, also those we were not told of")
    codec_errors: int
    spreading_factors: dict[int, int] = Field(description="frames by spreading factor")
    best: SignalView = Field(description="of each frame's best reception")
    gateways: list[GatewayReception] = Field(description="the strongest first")


class BatteryHealth(BaseModel):
    """The battery now, where it goes, and why that is not told."""

    millivolt: int | None
    percent: float | None
    measured_at: datetime | None = Field(description="the hour of the newest examined reading")
    trend_mv_per_day: float | None
    trend_percent_per_day: float | None
    ends_at: datetime | None
    withheld: Literal["no_readings", "too_few_days", "not_falling", "too_far"] | None
    days: int = Field(description="with readings since the battery was renewed, of the last 90")
    empty_mv: float
    low_mv: float
    low_percent: float


class EventCount(BaseModel):
    """Messages of the last seven days that were no uplinks."""

    kind: str = Field(description="join, status, ack, txack, log, downlink, …")
    code: str | None = Field(description="of a log, or The Things Stack's message")
    count: int
    last_at: datetime


class LinkStatus(BaseModel):
    """What the device last answered its network server (ChirpStack's `status`)."""

    at: datetime
    margin_db: int | None = Field(description="how much better its downlink was than needed")
    battery_percent: float | None
    is_powered: bool = Field(description="from outside, not by a battery")


class DeviceHealth(BaseModel):
    """Whether a device is well."""

    dev_eui: str
    name: str
    status: Literal["active", "silent", "unknown", "retired"]
    last_seen: datetime | None
    last_source: str | None
    expected_interval_s: int | None
    silent_after_s: float
    silent_from: datetime | None = Field(description="when it counts as silent if nothing comes")
    battery: BatteryHealth
    day: RadioFigures
    week: RadioFigures
    link: LinkStatus | None = Field(description="of the last seven days")
    events: list[EventCount]
    examined_at: datetime | None


class HealthBucket(BaseModel):
    """One bucket of a device's past."""

    start: datetime
    frames: int
    expected: int
    lost: int
    lost_long: int
    loss: float | None
    repeated: int
    resets: int
    sessions: int
    codec_errors: int
    spreading_factors: dict[int, int]
    rssi_best: float | None
    rssi_mean: float | None
    snr_best: float | None
    snr_mean: float | None
    battery_mv: int | None
    battery_percent: float | None


class HealthHistory(BaseModel):
    """A device's past in buckets; those without an uplink are absent."""

    dev_eui: str
    bucket: str
    items: list[HealthBucket]


def radio_figures(hours: Sequence[HealthHour]) -> RadioFigures:
    """Return the figures of some hours together."""
    whole = combine(hours)
    heard = sorted(
        whole.gateways.items(), key=lambda item: (-(item[1].rssi_max or -1000.0), item[0])
    )
    return RadioFigures(
        **_counts(whole),
        best=SignalView(**_signal(whole.best)),
        gateways=[
            GatewayReception(gateway_id=name, frames=signal.frames, **_signal(signal))
            for name, signal in heard
        ],
    )


def bucket_view(start: datetime, hours: Sequence[HealthHour]) -> HealthBucket:
    """Return some hours as one bucket."""
    whole = combine(hours)
    return HealthBucket(
        start=start,
        **_counts(whole),
        rssi_best=whole.best.rssi_max,
        rssi_mean=_rounded(whole.best.rssi_mean),
        snr_best=whole.best.snr_max,
        snr_mean=_rounded(whole.best.snr_mean),
        battery_mv=whole.battery_mv,
        battery_percent=_rounded(whole.battery_percent),
    )


def battery_view(
    row: Any, limits: Any, mv: Outlook, percent: Outlook, best: Outlook
) -> BatteryHealth:
    """Return the battery of a device's row with its outlook."""
    return BatteryHealth(
        millivolt=row["battery_mv"],
        percent=_rounded(row["battery_percent"]),
        measured_at=row["battery_at"],
        trend_mv_per_day=_rounded(mv.per_day),
        trend_percent_per_day=_rounded(percent.per_day),
        ends_at=best.ends_at,
        withheld=best.withheld.value if best.withheld else None,
        days=best.days,
        empty_mv=limits.empty_mv,
        low_mv=limits.low_mv,
        low_percent=limits.low_percent,
    )


def _counts(whole: HealthHour) -> dict[str, Any]:
    counts = whole.counts
    # A frame that came late into the next hour was lost in this one: no less than nothing.
    lost = max(counts.lost, 0)
    expected = counts.frames + lost
    return {
        "frames": counts.frames,
        "expected": expected,
        "lost": lost,
        "lost_long": min(counts.lost_long, lost),
        "loss": round(lost / expected, 4) if expected else None,
        "repeated": counts.repeated,
        "resets": counts.resets,
        "sessions": counts.sessions,
        "codec_errors": whole.codec_errors,
        "spreading_factors": dict(sorted(whole.spreading.items())),
    }


def _signal(signal: Signal) -> dict[str, float | None]:
    return {
        "rssi_best": signal.rssi_max,
        "rssi_worst": signal.rssi_min,
        "rssi_mean": _rounded(signal.rssi_mean),
        "snr_best": _rounded(signal.snr_max),
        "snr_worst": _rounded(signal.snr_min),
        "snr_mean": _rounded(signal.snr_mean),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)

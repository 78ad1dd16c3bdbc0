# SPDX-License-Identifier: EUPL-1.2
"""The decoder's own settings, prefix STADTTAKT_UPLINK_."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from stadttakt_runtime.settings import ServiceSettings


class UplinkSettings(ServiceSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix="STADTTAKT_UPLINK_", frozen=True, extra="ignore")

    http_port: int = Field(default=8101, ge=0, le=65535)
    shared_subscription: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]{1,40}$",
        description="group name when several decoders share the load ($share)",
    )
    leave: bool = Field(
        default=False,
        description="take over the session of an instance that was removed, drain it, end it, exit",
    )
    broker_statistics: bool = Field(
        default=True,
        description="read what Mosquitto tells of itself; other brokers have other ways",
    )
    receive_maximum: int = Field(
        default=4000, ge=10, le=20_000, description="uplinks taken from the broker, unacknowledged"
    )
    batch_size: int = Field(default=1000, ge=1, le=10_000, description="uplinks per transaction")
    batch_linger_ms: float = Field(default=4.0, ge=0, le=1000, description="wait for more uplinks")
    replay_rate: int = Field(
        default=2000, ge=1, le=1_000_000, description="stored uplinks replayed a second, at most"
    )
    replay_window: int = Field(
        default=500, ge=1, le=10_000, description="stored uplinks per transaction of a replay"
    )
    backfill_rate: int = Field(
        default=500, ge=1, le=100_000, description="messages a second fetched from a storage"
    )
    backfill_settle_s: float = Field(
        default=10.0, ge=0, le=3600, description="how long a storage may take to have a message"
    )
    registration_days: int = Field(
        default=31,
        ge=0,
        le=36_500,
        description="how far back a late registration decodes what was stored; 0 is not at all",
    )
    quarantine_days: int = Field(
        default=90, ge=1, le=36_500, description="how long quarantined messages are kept"
    )
    uplink_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="how long raw uplinks are kept; for ever if unset",
    )
    observation_days: int | None = Field(
        default=None, ge=1, le=36_500, description="how long observations are kept; else for ever"
    )
    report_days: int = Field(
        default=365, ge=1, le=36_500, description="how long finished replays are listed"
    )
    script_workers: int = Field(
        default=2, ge=1, le=16, description="processes that run JavaScript codecs"
    )
    identity_days: int = Field(default=35, ge=1, description="how long duplicates are recognised")
    environment_raw_days: int = Field(
        default=1100,
        ge=32,
        le=36_500,
        description="how long single environment values stay; roll-ups stay for ever",
    )
    silent_after_intervals: float = Field(
        default=2.0, ge=1, le=100, description="of its expected interval a device may be unheard"
    )
    mass_silence: int = Field(
        default=50, ge=2, le=1_000_000, description="so many devices at once are told as one alert"
    )
    radio_loss_percent: float = Field(
        default=20.0, gt=0, le=100, description="lost frames of a day that raise an alert"
    )
    codec_errors_day: int = Field(
        default=5, ge=1, le=1_000_000, description="codec errors of a device and day that do"
    )
    battery_low_percent: float = Field(default=20.0, ge=0, le=100, description="or below is low")
    battery_low_mv: int = Field(
        default=2700, ge=0, le=100_000, description="or below is low, without a percentage"
    )
    battery_empty_mv: int = Field(
        default=2400, ge=0, le=100_000, description="where the trend meets the battery's end"
    )
    battery_ends_days: int = Field(
        default=60, ge=1, le=3650, description="a battery that ends within raises an alert"
    )
    health_days: int = Field(
        default=400, ge=8, le=36_500, description="how long hours of health are kept"
    )

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
    receive_maximum: int = Field(
        default=2000, ge=10, le=20_000, description="uplinks taken from the broker, unacknowledged"
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

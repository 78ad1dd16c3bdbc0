# SPDX-License-Identifier: EUPL-1.2
"""The service's settings, read from `STADTTAKT_TRANSIT_…`."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from stadttakt_runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """What all services share, with this service's prefix and port."""

    model_config = SettingsConfigDict(env_prefix="STADTTAKT_TRANSIT_", frozen=True, extra="ignore")

    http_port: int = Field(default=8103, ge=0, le=65535)
    public_url: str = Field(
        default="",
        max_length=200,
        pattern=r"^(https?://[^\s]+)?$",
        description="where browsers reach /leitstelle, without that path; empty: as they ask",
    )
    publication_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="decides by chance where published levels begin; without it a start draws anew",
    )
    receive_maximum: int = Field(
        default=4000, ge=10, le=20_000, description="messages taken and not yet acknowledged"
    )
    batch_size: int = Field(default=1000, ge=1, le=5000, description="messages per transaction")
    batch_linger_ms: float = Field(default=8.0, ge=0, le=1000, description="wait for more of them")
    sweep_every_s: float = Field(
        default=1.0, gt=0, le=60, description="how often unpublished states are looked for"
    )
    alarm_after_s: float = Field(
        default=120.0, ge=0, le=3600, description="how long something must be so before an alert"
    )
    reading_days: int | None = Field(
        default=None, ge=40, description="how long readings and trips are kept; none: for ever"
    )
    position_days: int = Field(default=14, ge=1, description="how long positions are kept")
    rejected_days: int = Field(
        default=90, ge=1, description="how long rejected messages are kept after they came last"
    )
    catch_up_every_s: float = Field(
        default=30.0, gt=0, le=3600, description="how often missed observations are fetched"
    )
    forecast_history_days: int = Field(
        default=120, ge=14, le=400, description="days that forecasts are learned from"
    )
    forecast_days: int = Field(
        default=60, ge=15, le=800, description="days that issued forecasts are kept"
    )
    forecast_every_s: float = Field(
        default=60.0, ge=1, le=3600, description="how often live forecasts are renewed"
    )

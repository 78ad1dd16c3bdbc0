# SPDX-License-Identifier: EUPL-1.2
"""The service's settings, read from `STADTTAKT_PARKING_…`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from stadttakt_runtime.settings import ServiceSettings


class ParkingSettings(ServiceSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix="STADTTAKT_PARKING_", frozen=True, extra="ignore")

    http_port: int = Field(default=8102, ge=0, le=65535)
    receive_maximum: int = Field(
        default=15_000, ge=10, le=20_000, description="observations taken and not yet acknowledged"
    )
    batch_size: int = Field(
        default=5000, ge=1, le=10_000, description="observations per transaction"
    )
    batch_linger_ms: float = Field(default=4.0, ge=0, le=1000, description="wait for more of them")
    reload_every_s: float = Field(
        default=1.0, gt=0, le=60, description="how often a newer configuration is looked for"
    )
    alarm_after_s: float = Field(
        default=120.0,
        ge=0,
        le=3600,
        description="how long a lot must be unknown or silent before an alert",
    )
    catch_up_every_s: float = Field(
        default=30.0, gt=0, le=3600, description="how often missed observations are fetched"
    )
    gate_event_days: int | None = Field(
        default=None,
        ge=40,
        description="how long counts of gates are kept, with checkpoints and corrections",
    )
    rejected_days: int = Field(
        default=90, ge=1, description="how long rejected messages are kept after they came last"
    )
    forecast_days: int = Field(
        default=14, ge=3, le=400, description="how long issued forecasts are kept"
    )
    stay_min_s: float = Field(
        default=60.0, ge=0, le=3600, description="shorter stays and gaps are flapping sensors"
    )
    dwell_min_stays: int = Field(
        default=5, ge=1, le=1000, description="of fewer stays no dwell times are published"
    )
    forecast_learning: bool = Field(
        default=True, description="whether this instance learns a forecast model every night"
    )
    forecast_history_days: int = Field(
        default=180, ge=14, le=400, description="how much history a model is learned from"
    )
    forecast_weather_file: Path | None = Field(
        default=None, description="CSV of measured weather, kept up to date by somebody else"
    )
    forecast_most_rows: int = Field(
        default=240_000, ge=1000, le=5_000_000, description="how many forecasts are learned from"
    )

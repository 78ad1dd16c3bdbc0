# SPDX-License-Identifier: EUPL-1.2
"""The service's settings, read from `STADTTAKT_OPENDATA_…`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from stadttakt_runtime.settings import ServiceSettings

Address = Annotated[str, Field(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$", max_length=300)]


class Settings(ServiceSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix="STADTTAKT_OPENDATA_", frozen=True, extra="ignore")

    http_port: int = Field(default=8105, ge=0, le=65535)
    batch_size: int = Field(default=500, ge=1, le=5000, description="states per transaction")
    build_every_s: float = Field(
        default=1.0, ge=0.05, le=60, description="how often a feed is rendered at most"
    )
    stale_after_s: float = Field(
        default=900.0, ge=10, le=86_400, description="how long an upstream may say nothing"
    )
    history_days: int = Field(default=400, ge=1, le=4000, description="how far back `?at=` reaches")
    rejected_days: int = Field(default=90, ge=1, description="how long rejected messages are kept")
    feedback_days: int = Field(
        default=180, ge=1, le=3650, description="how long reports about accessibility are kept"
    )
    public_url: str = Field(
        default="",
        max_length=300,
        pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$",
        description="where others reach this service; empty: the city's `base_url`",
    )
    parking_url: Address = Field(
        default="http://127.0.0.1:8102", description="whom pages ask for forecasts and history"
    )
    transit_url: Address = Field(
        default="http://127.0.0.1:8103", description="whom pages ask for stops, lines and levels"
    )
    kpi_url: Address = Field(
        default="http://127.0.0.1:8104", description="whom pages ask for the scorecard"
    )
    registry_url: Address = Field(
        default="http://127.0.0.1:8106", description="whom pages ask for measures"
    )
    ideas_url: str = Field(
        default="",
        max_length=200,
        pattern=r"^(https?://[^\s]+)?$",
        description="where browsers reach the pages of ideas; empty: the menu names none",
    )
    production: bool = Field(
        default=False,
        description="refuse to start while legal pages have blanks or addresses are an example's; feeds tell nothing simulated",
    )
    datasets_every_s: float = Field(
        default=60.0, ge=0.05, le=3600, description="how often datasets follow their sources"
    )
    revise_days: int = Field(
        default=60, ge=1, le=4000, description="how long late data still change a dataset's day"
    )
    targets: Path | None = Field(
        default=None, description="a file instead of the city's `opendata/targets.yaml`"
    )
    secrets: Path | None = Field(
        default=None, description="the folder of the files with certificates and passwords"
    )
    certificate_warn_days: int = Field(
        default=30, ge=1, le=400, description="how long before its end a certificate is told of"
    )
    delivery_days: int = Field(default=400, ge=1, le=4000, description="how long receipts are kept")
    payload_days: int = Field(
        default=7, ge=1, le=4000, description="how long what was sent is kept"
    )
    usage_every_s: float = Field(
        default=10.0, ge=0.05, le=3600, description="how often counted requests are written"
    )

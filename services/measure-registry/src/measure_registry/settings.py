"""The service's settings, read from `STADTTAKT_REGISTRY_…`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from stadttakt_runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """What all services share, with this service's prefix and port."""

    model_config = SettingsConfigDict(env_prefix="STADTTAKT_REGISTRY_")

    http_port: int = Field(default=8106, ge=0, le=65535)
    contact_key_file: Path | None = None
    intake_per_hour: int = Field(default=300, ge=1, le=100_000)

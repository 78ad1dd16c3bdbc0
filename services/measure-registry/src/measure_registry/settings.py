"""The service's settings, read from `STADTTAKT_REGISTRY_…`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from stadttakt_runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """What all services share, with this service's prefix and port."""

    model_config = SettingsConfigDict(env_prefix="STADTTAKT_REGISTRY_")

    http_port: int = Field(default=8106, ge=0, le=65535)

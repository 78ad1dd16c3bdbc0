"""The service's settings, read from `STADTTAKT_TRANSIT_…`."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from stadttakt_runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """What all services share, with this service's prefix and port."""

    model_config = SettingsConfigDict(env_prefix="STADTTAKT_TRANSIT_")

    http_port: int = Field(default=8103, ge=0, le=65535)
    publication_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="decides by chance where published levels begin; without it a start draws anew",
    )

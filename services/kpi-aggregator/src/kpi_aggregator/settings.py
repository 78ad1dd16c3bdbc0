# SPDX-License-Identifier: EUPL-1.2
"""The service's settings, read from `STADTTAKT_KPI_…`."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from kpi_aggregator.domain.pseudonyms import Pseudonyms
from stadttakt_runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """What all services share, with this service's prefix and port."""

    model_config = SettingsConfigDict(env_prefix="STADTTAKT_KPI_")

    http_port: int = Field(default=8104, ge=0, le=65535)
    portal_url: str = Field(
        default="",
        max_length=200,
        pattern=r"^(https?://[^\s]+)?$",
        description="where the portal's legal pages are; empty: pages link to none",
    )
    public_url: str = Field(
        default="",
        max_length=200,
        pattern=r"^(https?://[^\s]+)?$",
        description="where browsers reach the pages; empty: as they ask",
    )
    pseudonym_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="draws the pseudonyms by which persons are told apart; the same for all instances, for good",
    )
    compute_every_s: float = Field(
        default=3600.0, ge=1, le=86_400, description="how often it looks for new and late data"
    )


def pseudonyms_of(settings: Settings) -> Pseudonyms:
    """Return what draws the pseudonyms of persons."""
    secret = settings.pseudonym_secret
    return Pseudonyms(None if secret is None else secret.get_secret_value().encode())

# SPDX-License-Identifier: EUPL-1.2
"""The service's settings, read from `STADTTAKT_REGISTRY_…`."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from stadttakt_runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    """What all services share, with this service's prefix and port."""

    model_config = SettingsConfigDict(env_prefix="STADTTAKT_REGISTRY_")

    http_port: int = Field(default=8106, ge=0, le=65535)
    contact_key_file: Path | None = None
    intake_per_hour: int = Field(default=300, ge=1, le=100_000)
    intake_per_address: int = Field(default=20, ge=1, le=100_000)
    public_url: str = Field(default="", pattern=r"^$|^https?://[^\s?#]{1,500}$")
    portal_url: str = Field(default="", pattern=r"^$|^https?://[^\s?#]{1,500}$")
    smtp_url: SecretStr | None = None
    mail_from: str = Field(default="ideen@localhost", pattern=r"^[^\r\n]{3,300}$")
    mail_days: int = Field(default=30, ge=1, le=365)

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, url: SecretStr | None) -> SecretStr | None:
        schemes = {"smtp", "smtp+starttls", "smtps"}
        if url is not None and urlsplit(url.get_secret_value()).scheme not in schemes:
            raise ValueError("must be smtp://, smtp+starttls:// or smtps://")
        return url

    @model_validator(mode="after")
    def _mails_have_links(self) -> Self:
        if self.smtp_url is not None and not self.public_url:
            message = "smtp_url needs public_url: mails tell the address of the status page"
            raise ValueError(message)
        return self

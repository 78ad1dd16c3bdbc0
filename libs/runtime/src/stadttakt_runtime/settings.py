# SPDX-License-Identifier: EUPL-1.2
"""The settings every service shares; a service subclasses it with its own prefix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.secret_files import secret_files

SHARED_PREFIX = "STADTTAKT_"
PROVIDER = ("oidc_issuer", "oidc_audience", "oidc_jwks_url", "oidc_client_id")


class _SecretFiles(EnvSettingsSource):
    """Files that bear the names of variables, as container platforms mount secrets."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): text for name, text in secret_files().items()}


class ServiceSettings(BaseSettings):
    """Read from the environment, else from secret files: the service's own prefix first, then `STADTTAKT_`.

    `STADTTAKT_PARKING_MQTT_URL` overrides `STADTTAKT_MQTT_URL` for parking alone.
    """

    model_config = SettingsConfigDict(env_prefix=SHARED_PREFIX, frozen=True, extra="ignore")

    database_url: SecretStr = SecretStr("postgresql://stadttakt@127.0.0.1:5442/stadttakt")
    mqtt_url: SecretStr = SecretStr("mqtt://127.0.0.1:1893")
    mqtt_ca_file: Path | None = None
    mqtt_cert_file: Path | None = None
    mqtt_key_file: Path | None = None
    city: Path | None = None
    topic_root: str = "takt/v1"
    instance: str = Field(default="0", pattern=r"^[a-z0-9-]{1,40}$")
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8100, ge=0, le=65535)
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    database_pool_size: int = Field(default=8, ge=2, le=100)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str = Field(default="", pattern=r"^(https?://[^\s/]+(/\S*)?)?$")
    trace_ratio: float = Field(default=0.01, ge=0, le=1)
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_jwks_url: str | None = None
    oidc_scope_claim: str = "scope"
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_login_scope: str = Field(default="openid", pattern=r"^openid( [\x21-\x7e]+)*$")
    oidc_role_claim: str = "roles"
    oidc_roles: dict[str, frozenset[Scope]] = {}
    login_hours: int = Field(default=8, ge=1, le=24)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Look into the service's own variables first, then into the shared ones."""
        del dotenv_settings, file_secret_settings
        shared = EnvSettingsSource(settings_cls, env_prefix=SHARED_PREFIX)
        files = (
            _SecretFiles(settings_cls),
            _SecretFiles(settings_cls, env_prefix=SHARED_PREFIX),
        )
        return init_settings, env_settings, shared, *files

    @field_validator(*PROVIDER, mode="before")
    @classmethod
    def _given(cls, value: str | None) -> str | None:
        """Return nothing for an empty text: compose has no other way to say that a variable is not given."""
        return value or None

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> ServiceSettings:
        bearer = [self.oidc_audience, self.oidc_jwks_url]
        if any(bearer) and not (all(bearer) and self.oidc_issuer):
            message = "oidc_issuer, oidc_audience and oidc_jwks_url belong together"
            raise ValueError(message)
        if bool(self.oidc_issuer) != bool(self.oidc_client_id or any(bearer)):
            message = "oidc_issuer needs oidc_client_id, or oidc_audience and oidc_jwks_url"
            raise ValueError(message)
        if self.oidc_client_secret and not self.oidc_client_id:
            raise ValueError("oidc_client_secret belongs to oidc_client_id")
        return self

    def public(self) -> dict[str, Any]:
        """Return the settings for the log, secrets masked."""
        return self.model_dump(mode="json")

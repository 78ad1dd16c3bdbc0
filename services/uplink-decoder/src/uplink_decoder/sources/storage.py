# SPDX-License-Identifier: EUPL-1.2
"""Where a source's server keeps what it has sent: The Things Stack's Storage Integration."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from uplink_decoder.sources.secrets import CityPath, Variable, read_secret

LONGEST_RETENTION_HOURS = 30 * 24
"""Older times are not believed (`domain.times`), so that fetching them would date them wrongly."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _address(text: str) -> str:
    parts = urlsplit(text)
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("an address such as https://eu1.cloud.thethings.network is wanted")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("https:// is wanted, since the key travels with each request")
    return text.rstrip("/")


def _authorities(path: Path) -> Path:
    """Refuse a file that nobody could be trusted by, when the configuration is read."""
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        # Also ssl.SSLError: a file that holds no certificate.
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        raise ValueError(f"{path}: {reason}") from error
    return path


class SourceStorage(BaseModel):
    """One application's storage, and the key that reads it (right: read application traffic)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: Annotated[str, AfterValidator(_address)]
    application: Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:-?[a-z0-9]){1,35}$")]
    api_key_variable: Variable | None = None
    api_key_file: CityPath | None = None
    ca_file: Annotated[CityPath, AfterValidator(_authorities)] | None = None
    retention_hours: Annotated[int, Field(ge=1, le=LONGEST_RETENTION_HOURS)] = 24
    page_size: Annotated[int, Field(ge=10, le=10_000)] = 1000

    @model_validator(mode="after")
    def _has_one_key(self) -> SourceStorage:
        if (self.api_key_variable is None) == (self.api_key_file is None):
            raise ValueError("api_key_variable or api_key_file, one of them")
        return self

    def key(self) -> str:
        """Return the key, read anew each time so that it can be changed.

        Raises:
            SecretMissingError: it is not there.

        """
        return read_secret(self.api_key_variable, self.api_key_file) or ""

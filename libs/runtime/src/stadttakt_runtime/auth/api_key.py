# SPDX-License-Identifier: EUPL-1.2
"""The form of an API key, `stk_<id>_<secret>`: minting, reading, comparing. No storage."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from stadttakt_runtime.auth.scopes import Scope

PREFIX = "stk_"
SECRET_BYTES = 32
NOTE_EVERY = timedelta(minutes=1)
PATTERN = re.compile(r"stk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class ApiKey(NamedTuple):
    """A key in clear; exists only where it is minted or presented."""

    key_id: str
    secret: str

    def __str__(self) -> str:
        return f"{PREFIX}{self.key_id}_{self.secret}"

    def __repr__(self) -> str:
        return f"ApiKey({self.key_id})"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What the database knows of a key."""

    key_id: str
    secret_hash: bytes
    scopes: frozenset[Scope]
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_by: str | None = None
    revoked_by: str | None = None

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the key is neither revoked nor expired."""
        expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not expired

    def is_use_unnoted(self, now: datetime) -> bool:
        """Tell whether the last noted use is a minute old."""
        return self.last_used_at is None or now - self.last_used_at >= NOTE_EVERY

    def belongs_to(self, key: ApiKey) -> bool:
        """Compare the secret in constant time."""
        return hmac.compare_digest(self.secret_hash, hash_secret(key.secret))


def mint() -> ApiKey:
    """Return a new key with 256 random bits."""
    return ApiKey(secrets.token_hex(6), secrets.token_urlsafe(SECRET_BYTES))


def parse(text: str) -> ApiKey | None:
    """Read a presented key; None where it has not the form of one."""
    found = PATTERN.fullmatch(text)
    return ApiKey(*found.groups()) if found else None


def hash_secret(secret: str) -> bytes:
    """Return SHA-256; a slow hash adds nothing to 256 random bits and costs each request."""
    return hashlib.sha256(secret.encode()).digest()

"""Who is logged in at the staff pages: a sealed cookie that holds the key or token, and its form token."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from measure_registry.sealing import NONCE_BYTES, new_nonce

LASTS = timedelta(hours=8)
COOKIE = "stadttakt_registry"
MOST_CHARACTERS = 12_000


@dataclass(frozen=True, slots=True)
class Session:
    """A login: the credentials, which are checked anew with each request, and its form token."""

    credentials: str
    form_token: str

    def __repr__(self) -> str:
        return "Session(…)"


class Sessions:
    """Seals and opens cookies; what a browser holds tells nothing and ends after eight hours."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(key)

    def cookie(self, credentials: str, now: datetime) -> str:
        """Return the cookie of a new session."""
        ends = int((now + LASTS).timestamp())
        nonce = new_nonce()
        sealed = self._cipher.encrypt(nonce, orjson.dumps([credentials, ends]), b"session")
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def session(self, cookie: str | None, now: datetime) -> Session | None:
        """Return the session of a cookie; nothing where it is none of ours, or is over."""
        if cookie is None or len(cookie) > MOST_CHARACTERS:
            return None
        try:
            raw = base64.urlsafe_b64decode(cookie.encode("ascii"))
            clear = self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], b"session")
        except (binascii.Error, UnicodeEncodeError, InvalidTag, ValueError):
            return None
        credentials, ends = orjson.loads(clear)
        if now.timestamp() >= ends:
            return None
        token = hmac.digest(self._key, cookie.encode(), "sha256").hex()
        return Session(credentials, token)

# SPDX-License-Identifier: EUPL-1.2
"""Small things that a browser keeps for a service: sealed, so that it can neither read nor change them."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
MOST_CHARACTERS = 4_000
"""Browsers keep cookies of 4,096 bytes with their names (RFC 6265, 6.1)."""


class Sealer:
    """Seals with AES-256-GCM for one purpose; what was sealed for another does not open."""

    def __init__(self, key: bytes, purpose: bytes) -> None:
        self._purpose = purpose
        self._cipher = AESGCM(key)

    def seal(self, content: Any) -> str:
        """Return content that can be written as JSON as text for a cookie."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, orjson.dumps(content), self._purpose)
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, text: str | None) -> Any:
        """Return what was sealed; None where it is nothing of ours."""
        if not text or len(text) > MOST_CHARACTERS:
            return None
        try:
            raw = base64.urlsafe_b64decode(text.encode("ascii"))
            clear = self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], self._purpose)
        except (binascii.Error, UnicodeEncodeError, InvalidTag, ValueError):
            return None
        return orjson.loads(clear)


def key_of(secret: str | None) -> bytes:
    """Return a key that all instances with the same secret share; without one it is this process's."""
    if secret is None:
        return secrets.token_bytes(KEY_BYTES)
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"stadttakt pages").derive(secret.encode())

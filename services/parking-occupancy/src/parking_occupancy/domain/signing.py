# SPDX-License-Identifier: EUPL-1.2
"""Which key vouches for what a sign says; holds no secret, only where it is found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Algorithm(StrEnum):
    """How answers are signed: with a key pair, or with a secret shared with the controller."""

    ED25519 = "ed25519"
    HMAC_SHA256 = "hmac-sha256"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key as the city configured it; its secret is in a variable or in a file."""

    key_id: str
    algorithm: Algorithm
    secret_variable: str | None = None
    secret_file: str | None = None

# SPDX-License-Identifier: EUPL-1.2
"""The key of published levels, from the settings; never logged, stored or answered."""

from __future__ import annotations

import secrets
from hashlib import sha256

from stadttakt_runtime.log import get_logger
from vehicle_occupancy.domain.publication import KEY_BYTES
from vehicle_occupancy.settings import Settings

log = get_logger(__name__)


def publication_key(settings: Settings) -> bytes:
    """Return the key of the city's secret, or one of this process where none is set."""
    if settings.publication_secret is None:
        log.warning("publication_secret_not_set", consequence="boundaries are drawn anew at start")
        return secrets.token_bytes(KEY_BYTES)
    secret = settings.publication_secret.get_secret_value().encode()
    return sha256(b"stadttakt published levels 1\0" + secret).digest()

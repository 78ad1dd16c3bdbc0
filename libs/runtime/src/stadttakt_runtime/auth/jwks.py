# SPDX-License-Identifier: EUPL-1.2
"""The provider's published keys: fetched when needed, kept, fetched again with restraint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from stadttakt_runtime.http.problem import Unavailable
from stadttakt_runtime.log import get_logger

log = get_logger(__name__)
FRESH_S = 600.0
USABLE_S = 3_600.0
MIN_PAUSE_S = 60.0
RETRY_S = 5.0
TIMEOUT_S = 5.0
UNREADABLE = (
    *(httpx.HTTPError, httpx.InvalidURL, JoseError, RecursionError),
    *(ValueError, LookupError, TypeError, AttributeError),
)
"""What reading a provider's documents raises, which may say anything."""


class KeySource:
    """A key set by URL.

    Read again after ten minutes; while the provider is away a known set serves for an hour.
    """

    def __init__(self, url: str, time: Callable[[], float] = monotonic) -> None:
        self._url = url
        self._time = time
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")
        self._failed_at = float("-inf")
        self._lock = asyncio.Lock()

    async def current(self) -> KeySet:
        """Return the known set, or fetch it; raises Unavailable (503) where neither works."""
        return await self._younger_than(FRESH_S)

    async def renewed(self) -> KeySet:
        """Return the set after an unknown key was named: fetched anew, at most once a minute."""
        return await self._younger_than(MIN_PAUSE_S)

    async def _younger_than(self, limit_s: float) -> KeySet:
        if self._keys is not None and self._age_s() < limit_s:
            return self._keys
        # Whoever waited for the lock finds what the first one fetched.
        async with self._lock:
            if self._keys is None or self._age_s() >= limit_s:
                await self._fetch()
        if self._keys is None or self._age_s() >= USABLE_S:
            raise Unavailable(
                "the identity provider's keys cannot be read", code="identity_provider_away"
            )
        return self._keys

    async def _fetch(self) -> None:
        if self._time() - self._failed_at < RETRY_S:
            return
        try:
            answer = await self._answer()
            answer.raise_for_status()
            self._keys = KeySet.import_key_set(answer.json())
        except UNREADABLE as error:
            self._failed_at = self._time()
            log.warning("jwks_unreadable", url=self._url, error=repr(error))
        else:
            self._fetched_at = self._time()

    async def _answer(self) -> httpx.Response:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            return await client.get(self._url)

    def _age_s(self) -> float:
        return self._time() - self._fetched_at

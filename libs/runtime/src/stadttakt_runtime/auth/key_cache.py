# SPDX-License-Identifier: EUPL-1.2
"""Stored keys kept for seconds, so that a polling client does not ask the database each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import NamedTuple

from stadttakt_runtime.auth.api_key import ApiKey, StoredKey
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.auth.storage import fetch_key, note_use
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database

TTL_S = 10.0
MAX_KEYS = 1_024


class _Entry(NamedTuple):
    stored: StoredKey
    until: float


class KeyCache:
    """Looks keys up; a revoked key stops working within ten seconds.

    Unknown keys are not kept, so that guessing cannot push known ones out.
    """

    def __init__(self, database: Database, time: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._time = time
        self._entries: dict[str, _Entry] = {}

    async def principal(self, key: ApiKey) -> Principal | None:
        """Return who presents this key; None where it is unknown, wrong, expired or revoked."""
        now = utc_now()
        stored = await self._stored(key.key_id)
        if stored is None or not stored.belongs_to(key) or not stored.is_valid(now):
            return None
        if stored.is_use_unnoted(now):
            await self._note_use(stored, now)
        return Principal("api_key", stored.key_id, stored.scopes)

    async def _stored(self, key_id: str) -> StoredKey | None:
        entry = self._entries.get(key_id)
        if entry is not None and self._time() < entry.until:
            return entry.stored
        async with self._database.connection() as connection:
            stored = await fetch_key(connection, key_id)
        if stored is None:
            self._entries.pop(key_id, None)
        else:
            self._keep(stored, self._time() + TTL_S)
        return stored

    async def _note_use(self, stored: StoredKey, now: datetime) -> None:
        self._keep(replace(stored, last_used_at=now), self._entries[stored.key_id].until)
        async with self._database.transaction() as connection:
            await note_use(connection, stored.key_id, now)

    def _keep(self, stored: StoredKey, until: float) -> None:
        if len(self._entries) >= MAX_KEYS:
            self._entries.clear()
        self._entries[stored.key_id] = _Entry(stored, until)

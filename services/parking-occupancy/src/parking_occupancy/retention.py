# SPDX-License-Identifier: EUPL-1.2
"""Forgets, every hour, what is older than the settings keep it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from parking_occupancy.settings import ParkingSettings
from parking_occupancy.storage import retention
from stadttakt_runtime import rejected
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause

EVERY_S = 3600.0


class Retention:
    """Counts of gates stay for ever unless a setting says otherwise."""

    def __init__(self, settings: ParkingSettings, database: Database) -> None:
        self._settings = settings
        self._database = database

    async def run(self, stop: asyncio.Event) -> None:
        """Forget until `stop`."""
        while not stop.is_set():
            await self.forget(utc_now())
            await pause(stop, EVERY_S)

    async def forget(self, now: datetime) -> None:
        """Forget once, each kind in a transaction of its own."""
        refused = now - timedelta(days=self._settings.rejected_days)
        await self._database.persist(lambda c: rejected.forget(c, refused))
        if self._settings.gate_event_days is not None:
            counts = now - timedelta(days=self._settings.gate_event_days)
            await self._database.persist(lambda c: retention.forget_counts(c, counts))

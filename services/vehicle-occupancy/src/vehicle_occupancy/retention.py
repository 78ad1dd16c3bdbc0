# SPDX-License-Identifier: EUPL-1.2
"""Forgets, every hour, what is older than the settings keep it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from stadttakt_runtime import rejected
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause
from vehicle_occupancy.settings import Settings
from vehicle_occupancy.storage import drift, retention

EVERY_S = 3600.0
DRIFT = timedelta(days=400)
"""Long enough to compare a season with the one before."""
CHECKPOINTS = timedelta(days=40)
"""Later than this nothing comes late; each vehicle's last checkpoint stays."""


class Retention:
    """Readings and trips stay for ever unless a setting says otherwise; positions for two weeks."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database

    async def run(self, stop: asyncio.Event) -> None:
        """Forget until `stop`."""
        while not stop.is_set():
            await self.forget(utc_now())
            await pause(stop, EVERY_S)

    async def forget(self, now: datetime) -> None:
        """Forget once, each kind in a transaction of its own."""
        settings, persist = self._settings, self._database.persist
        refused = now - timedelta(days=settings.rejected_days)
        await persist(lambda c: rejected.forget(c, refused))
        await persist(lambda c: retention.forget_checkpoints(c, now - CHECKPOINTS))
        await persist(lambda c: drift.forget(c, now - DRIFT))
        positions = now - timedelta(days=settings.position_days)
        await persist(lambda c: retention.forget_positions(c, positions))
        if settings.reading_days is not None:
            readings = now - timedelta(days=settings.reading_days)
            await persist(lambda c: retention.forget_readings(c, readings))

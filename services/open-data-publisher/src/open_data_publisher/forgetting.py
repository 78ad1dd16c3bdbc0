# SPDX-License-Identifier: EUPL-1.2
"""Forgets, every hour, what is older than the settings keep it, and what was told of bays that are persons' now."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from open_data_publisher.board import Board
from open_data_publisher.settings import Settings
from open_data_publisher.storage import deliveries, feedback, states, usage
from stadttakt_runtime import rejected
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause

FORGET_EVERY_S = 3600.0
WRITER_KEPT = timedelta(days=2)


class Forgetting:
    """Each kind of thing is forgotten in a transaction of its own."""

    def __init__(self, settings: Settings, database: Database, board: Board) -> None:
        self._settings = settings
        self._database = database
        self._board = board

    async def run(self, ended: asyncio.Event) -> None:
        """Forget until `ended`."""
        while not ended.is_set():
            await self.forget(utc_now())
            await pause(ended, FORGET_EVERY_S)

    async def forget(self, now: datetime) -> None:
        """Forget what is too old by now."""
        settings, persist = self._settings, self._database.persist

        def before(days: int) -> datetime:
            return now - timedelta(days=days)

        async def receipts(connection: Any) -> None:
            await deliveries.forget(
                connection,
                before=before(settings.delivery_days),
                payloads_before=before(settings.payload_days),
            )

        self._board.drop_trips(now)
        await persist(lambda c: states.drop_trips(c, now))
        await persist(lambda c: states.forget_vehicles(c, now))
        await persist(states.erase_personal)
        await persist(lambda c: states.forget(c, before(settings.history_days)))
        await persist(lambda c: rejected.forget(c, before(settings.rejected_days)))
        await persist(lambda c: feedback.forget(c, before(settings.feedback_days)))
        await persist(receipts)
        await persist(lambda c: usage.forget_writers(c, now - WRITER_KEPT))

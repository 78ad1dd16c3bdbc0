# SPDX-License-Identifier: EUPL-1.2
"""Writes counts every few seconds; each batch once, whatever the database does meanwhile."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from open_data_publisher.domain.usage import Slot
from open_data_publisher.storage import usage
from open_data_publisher.usage.counting import Tally
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause


class UsageWriter:
    """What is counted and not written yet is lost with the process: `every_s` of requests at most."""

    def __init__(self, database: Database, tally: Tally, *, every_s: float) -> None:
        self._database = database
        self._tally = tally
        self._every_s = every_s
        self._writer = uuid4()
        self._batch = 0
        self._noted: Slot | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Write until `stop`, and what is left then."""
        while not stop.is_set():
            await pause(stop, self._every_s)
            await self._write()

    async def _write(self) -> None:
        counts, slot, now = self._tally.take(), self._tally.slot(), utc_now()
        if slot != self._noted:
            await self._database.persist(lambda c: usage.add_slot(c, slot, now))
            self._noted = slot
        if not counts:
            return
        self._batch += 1
        batch = self._batch
        await self._database.persist(lambda c: usage.add(c, self._writer, batch, counts, now))

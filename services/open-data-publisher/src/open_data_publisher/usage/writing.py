"""Writes counts every few seconds; each batch once, whatever the database does meanwhile."""

from __future__ import annotations

import asyncio
from uuid import uuid4

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

    async def run(self, stop: asyncio.Event) -> None:
        """Write until `stop`, and what is left then."""
        while not stop.is_set():
            await pause(stop, self._every_s)
            await self._write()

    async def _write(self) -> None:
        counts = self._tally.take()
        if not counts:
            return
        self._batch += 1
        batch, now = self._batch, utc_now()
        await self._database.persist(lambda c: usage.add(c, self._writer, batch, counts, now))

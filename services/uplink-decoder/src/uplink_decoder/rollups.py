# SPDX-License-Identifier: EUPL-1.2
"""Periodic work on the environment series: marked buckets anew, raw rows past their time away."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from uplink_decoder.storage import rollups

log = get_logger(__name__)
EVERY_S = 5.0
RETENTION_EVERY_S = 3600.0
MARKS_AT_ONCE = 500


class RollUps:
    """Keeps the roll-ups exact and the raw rows as long as they are wanted."""

    def __init__(self, database: Database, *, raw_days: int) -> None:
        self._database = database
        self._keep = timedelta(days=raw_days)

    async def run(self, stop: asyncio.Event) -> None:
        """Every five seconds: roll up what was marked; cut off at `stop`, marks stay."""
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._run(), name="rollups")
            await stop.wait()
            working.cancel()

    async def _run(self) -> None:
        until_retention = 0.0
        while True:
            await self.roll_up()
            if until_retention <= 0:
                await self.drop_old()
                until_retention = RETENTION_EVERY_S
            until_retention -= EVERY_S
            await asyncio.sleep(EVERY_S)

    async def roll_up(self) -> int:
        """Compute all marked buckets anew; return how many quarters of an hour were marked."""
        total = 0
        kept_since = utc_now() - self._keep
        while True:
            done = await self._database.persist(
                lambda c: rollups.roll_up(c, marks=MARKS_AT_ONCE, kept_since=kept_since)
            )
            if not done:
                return total
            total += done

    async def drop_old(self) -> int:
        """Drop raw values older than the retention, by whole chunks; return how many chunks."""
        before = utc_now() - self._keep
        dropped = await self._database.persist(lambda c: rollups.drop_raw(c, before))
        if dropped:
            log.info("environment_dropped", chunks=dropped, before=before.isoformat())
        return dropped

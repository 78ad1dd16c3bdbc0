# SPDX-License-Identifier: EUPL-1.2
"""Tells the metrics how indicators and reports are, from the database: a restart forgets nothing."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kpi_aggregator import metrics
from kpi_aggregator.domain.report import spans_due
from kpi_aggregator.storage import framework, reports, watch
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause

EVERY_S = 30.0
LENIENT = timedelta(days=1)
"""A report is made by the first computation of its day."""


class Watch:
    """A worker that looks every so often."""

    def __init__(self, database: Database, *, every_s: float = EVERY_S) -> None:
        self._database = database
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`."""
        while not stop.is_set():
            await look(self._database)
            await pause(stop, self._every_s)


async def look(database: Database) -> None:
    """Set the metrics to what the database says now."""
    found, overdue = await database.read(lambda c: _seen(c, utc_now()))
    metrics.BEGUN.set(found.begun_at.timestamp() if found.begun_at else 0)
    metrics.DONE.set(found.done_at.timestamp() if found.done_at else 0)
    metrics.REFUSED.set(found.refused)
    metrics.OVERDUE.set(overdue)


async def _seen(connection: Any, now: datetime) -> tuple[watch.Seen, int]:
    """Return what was computed, and how many reports are overdue."""
    found = await watch.seen(connection)
    today = now.astimezone(ZoneInfo(await framework.timezone(connection))).date()
    overdue = 0
    for definition in await reports.definitions(connection):
        last = await reports.newest_scheduled(connection, definition)
        # Before the first report there is one as soon as it was computed.
        overdue += last is not None and bool(spans_due(definition, last, today - LENIENT))
    return found, overdue

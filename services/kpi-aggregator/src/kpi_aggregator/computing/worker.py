# SPDX-License-Identifier: EUPL-1.2
"""Computes what is new or late, makes the reports that are due and forgets files left lying, until the process stops."""

from __future__ import annotations

import asyncio
from datetime import datetime
from time import perf_counter

from kpi_aggregator import metrics
from kpi_aggregator.computing.becoming_public import begin
from kpi_aggregator.computing.run import compute
from kpi_aggregator.reporting.archive import archive_due
from kpi_aggregator.storage import value_files, watch
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.process import pause

log = get_logger(__name__)


class Computing:
    """A worker: the first look is at once, the next ones every so often."""

    def __init__(self, database: Database, *, every_s: float) -> None:
        self._database = database
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Compute until `stop`; a computation that is cut off is taken up where it was."""
        async with asyncio.TaskGroup() as group:
            computing = group.create_task(self._run(stop), name="computing")
            await stop.wait()
            computing.cancel()

    async def _run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            began, now = perf_counter(), utc_now()
            await self._database.persist(lambda c, at=now: begin(c, at))  # type: ignore[misc]
            report = await compute(self._database, now)
            took_s = perf_counter() - began
            metrics.SECONDS.set(took_s)
            metrics.DAYS.inc(report.days)
            metrics.COMPUTED.inc(report.values)
            metrics.NOT_COMPUTABLE.set(len(report.faults))
            if report.values:
                log.info(
                    "computed",
                    days=report.days,
                    changed=report.changed,
                    values=report.values,
                    seconds=round(took_s, 2),
                )
            await self._report(now)
            await self._database.persist(lambda c: watch.done(c, utc_now()))
            await self._database.persist(lambda c: value_files.forget(c, utc_now()))
            await pause(stop, self._every_s)

    async def _report(self, computed: datetime) -> None:
        """Make the reports that are due, of what was just computed."""
        for edition in await archive_due(self._database, utc_now(), computed=computed):
            metrics.REPORTS.inc()
            log.info("reported", report=edition.definition.report_id, period=edition.span.name)

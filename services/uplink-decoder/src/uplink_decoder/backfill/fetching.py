# SPDX-License-Identifier: EUPL-1.2
"""One source's fetches, one after the other: page by page into the pipeline, beside live traffic."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import aclosing
from datetime import timedelta
from time import monotonic
from typing import Any

import httpx

from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts import Condition, Severity, clear_alert, raise_alert
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from uplink_decoder import metrics
from uplink_decoder.backfill.client import (
    Period,
    StorageAwayError,
    StorageRefusedError,
    opened,
    stored_lines,
)
from uplink_decoder.backfill.lines import Line
from uplink_decoder.decode import Inbound, identity_of
from uplink_decoder.intake import Intake
from uplink_decoder.sources import Origin, Source
from uplink_decoder.sources.storage import SourceStorage
from uplink_decoder.storage import backfills, batches

log = get_logger(__name__)
IDLE_S = 1.0
CHUNK = 200
"""Lines that go into the pipeline together; live messages wait for no more than these."""
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0
ALERT = "backfill-failed"


class Fetcher:
    """Works off the fetches of one source, no faster than `rate` messages a second."""

    def __init__(
        self,
        source: Source,
        storage: SourceStorage,
        *,
        database: Database,
        intake: Intake,
        instance: str,
        rate: int,
    ) -> None:
        self._source = source
        self._storage = storage
        self._database = database
        self._intake = intake
        self._instance = instance
        self._rate = rate
        self._origin = Origin(source, storage.application, None, "up", via="backfill")

    async def run(self) -> None:
        """Fetch for ever; to be cancelled. The position is in the database, the rest comes later."""
        async with opened(self._storage) as client:
            while True:
                job = await self._database.persist(self._claim)
                if job is None:
                    await asyncio.sleep(IDLE_S)
                else:
                    await self._work(job, client)

    async def _claim(self, connection: Any) -> Any:
        return await backfills.claim(connection, self._source.source_id, self._instance, utc_now())

    async def _work(self, job: Any, client: httpx.AsyncClient) -> None:
        """Fetch until the end, or note why not."""
        try:
            await self._fetch(job, client)
        except StorageRefusedError as error:
            await self._fail(job, str(error))
        except StorageAwayError as error:
            await self._later(job, error)

    async def _fetch(self, job: Any, client: httpx.AsyncClient) -> None:
        while job is not None:
            device = job["devices"][job["device_index"]] if job["devices"] else None
            after = job["position"] or job["from_at"]
            period = Period(device, after, job["to_at"])
            job = await self._page(job, period, client)
            # A server may give less than a page although there is more, so only one that brings
            # nothing new is the last.
            if job is None or (job["position"] or after) > after:
                continue
            if job["device_index"] + 1 < len(job["devices"]):
                job = await self._persist(backfills.next_device, job["backfill_id"])
            elif await self._persist(self._finish, job, period):
                log.info("backfilled", source=self._source.source_id, fetched=job["fetched"])
                return
            else:
                job = await self._persist(backfills.get, job["backfill_id"])
                job = job if job["state"] == "running" else None

    async def _page(self, job: Any, period: Period, client: httpx.AsyncClient) -> Any | None:
        """Take one page in; what came before an answer was cut off is kept."""
        cut: StorageAwayError | StorageRefusedError | None = None
        found, chunk, began = 0, list[Line](), job["position"]
        async with aclosing(stored_lines(client, self._storage, period)) as lines:
            try:
                async for line in lines:
                    chunk.append(line)
                    if len(chunk) == CHUNK:
                        found += CHUNK
                        job = await self._take_in(job, chunk)
                        chunk = []
                        if job is None:
                            return None
            except (StorageAwayError, StorageRefusedError) as error:
                cut = error
        if chunk:
            job = await self._take_in(job, chunk)
        if cut is not None and job is not None:
            raise cut
        if job is not None and job["position"] == began and found >= self._storage.page_size:
            raise StorageRefusedError("a whole page of messages has no later time of receipt")
        return job

    async def _take_in(self, job: Any, lines: Sequence[Line]) -> Any | None:
        """Bring messages into the pipeline; once they are safe, note it and keep the pace."""
        began = monotonic()
        inbound = [self._inbound(line) for line in lines]
        ids = [unique for each in inbound if (unique := identity_of(each)) is not None]
        known = len(await self._persist(batches.known_identities, ids))
        await self._intake.submit_all(inbound)
        broken, missing = len(lines) - len(ids), len(ids) - known
        latest = max((line.received_at for line in lines if line.received_at), default=None)
        position = max(filter(None, (latest, job["position"])), default=None)
        job = await self._database.persist(
            lambda c: backfills.advance(
                c,
                job["backfill_id"],
                position,
                counts=(len(lines), missing, broken),
                now=utc_now(),
            )
        )
        for outcome, count in (("missing", missing), ("known", known), ("broken", broken)):
            metrics.BACKFILLED.labels(self._source.source_id, outcome).inc(count)
        await asyncio.sleep(max(0.0, len(lines) / self._rate - (monotonic() - began)))
        return job

    def _inbound(self, line: Line) -> Inbound:
        topic = f"backfill/{self._source.source_id}/up"
        return Inbound(self._origin, topic, line.payload, utc_now())

    async def _persist(self, work: Any, *arguments: Any) -> Any:
        return await self._database.persist(lambda connection: work(connection, *arguments))

    async def _finish(self, connection: Any, job: Any, period: Period) -> bool:
        done = await backfills.finish(connection, job["backfill_id"], period.before, utc_now())
        if done:
            await clear_alert(connection, ALERT, self._source.source_id, utc_now())
        return done

    async def _later(self, job: Any, error: StorageAwayError) -> None:
        """Try again after a pause that grows, unless nothing of the period is kept any more."""
        kept = timedelta(hours=self._storage.retention_hours)
        row = await self._persist(backfills.get, job["backfill_id"])
        if row["to_at"] < utc_now() - kept:
            await self._fail(job, f"the storage has forgotten the period by now; {error}")
            return
        grown = min(FIRST_PAUSE_S * 2 ** min(row["attempts"], 10), LONGEST_PAUSE_S)
        pause_s = error.wait_s or grown * random.uniform(0.5, 1)  # noqa: S311 (jitter)
        log.warning(
            "backfill_waits", source=self._source.source_id, error=str(error), pause_s=pause_s
        )
        due = utc_now() + timedelta(seconds=pause_s)
        await self._persist(backfills.later, job["backfill_id"], due, str(error))

    async def _fail(self, job: Any, why: str) -> None:
        log.error("backfill_failed", source=self._source.source_id, error=why)
        source_id = self._source.source_id

        async def write(connection: Any) -> None:
            await backfills.fail(connection, job["backfill_id"], why, utc_now())
            await raise_alert(connection, _alert(source_id, why), utc_now())

        await self._database.persist(write)


def _alert(source_id: str, why: str) -> Condition:
    text = AlertText(
        de=f"Was von {source_id} fehlt, konnte nicht geholt werden: {why}",
        en=f"What {source_id} lacks could not be fetched: {why}",
    )
    return Condition(ALERT, source_id, Severity.WARNING, text)

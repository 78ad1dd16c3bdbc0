# SPDX-License-Identifier: EUPL-1.2
"""Finds each source's gaps: at the start and after every reconnect; and starts its fetches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection
from uplink_decoder.backfill.fetching import Fetcher
from uplink_decoder.intake import Intake
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.sources import Source, SourceTable
from uplink_decoder.sources.storage import SourceStorage
from uplink_decoder.storage import backfills

log = get_logger(__name__)
EVERY_S = 1.0
OVERLAP = timedelta(minutes=5)
"""Fetched again before the last message heard: clocks differ, and messages overtake each other."""


class Backfiller:
    """Keeps every source that has a storage without gaps; each source by itself."""

    def __init__(
        self,
        *,
        settings: UplinkSettings,
        database: Database,
        sources: SourceTable,
        intake: Intake,
        heard: Mapping[str, datetime],
        connection_of: Callable[[Source], MqttConnection | None],
    ) -> None:
        self._settings = settings
        self._database = database
        self._sources = [
            (source, source.storage) for source in sources.sources if source.storage is not None
        ]
        self._intake = intake
        self._heard = heard
        self._connection_of = connection_of

    async def run(self, stop: asyncio.Event) -> None:
        """Watch and fetch until `stop`; what was just being fetched is taken up at the next start."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(work, name=f"backfill {source.source_id}")
                for source, storage in self._sources
                for work in (self._watch(source, storage), self._fetcher(source, storage).run())
            ]
            await stop.wait()
            for task in tasks:
                task.cancel()

    def _fetcher(self, source: Source, storage: SourceStorage) -> Fetcher:
        return Fetcher(
            source,
            storage,
            database=self._database,
            intake=self._intake,
            instance=f"stadttakt-uplink-{self._settings.instance}",
            rate=self._settings.backfill_rate,
        )

    async def _watch(self, source: Source, storage: SourceStorage) -> None:
        """Queue a fetch at the start and for each new connection, and else keep the position.

        Connection and position are looked at in one turn of the event loop, so that what came on
        a new connection never passes for the end of what came on the one before.
        """
        known: int | None = None
        while True:
            epoch, heard = self._epoch(source), self._heard.get(source.source_id)
            if epoch not in (None, known):
                await self._open_gap(source, storage, "start" if known is None else "reconnect")
                known = epoch
            elif heard is not None and known is not None:
                await self._database.persist(
                    partial(backfills.note_position, source_id=source.source_id, at=heard)
                )
            await asyncio.sleep(EVERY_S)

    def _epoch(self, source: Source) -> int | None:
        """Return which connection a source's messages come on now; nothing while there is none."""
        if not source.topics:
            return 0
        mqtt = self._connection_of(source)
        return mqtt.epoch if mqtt is not None and mqtt.is_connected else None

    async def _open_gap(self, source: Source, storage: SourceStorage, reason: str) -> None:
        due = timedelta(seconds=self._settings.backfill_settle_s)
        kept = timedelta(hours=storage.retention_hours)

        async def write(connection: Any) -> None:
            now, source_id = utc_now(), source.source_id
            position = await backfills.position(connection, source_id)
            if position is None:
                # The first start: history is fetched if somebody asks for it.
                await backfills.note_position(connection, source_id, now)
                return
            since = max(min(position, now) - OVERLAP, now - kept)
            row = await backfills.open_gap(
                connection, source_id, reason, since=since, now=now, due=now + due
            )
            log.info("gap", source=source_id, reason=reason, since=row["from_at"].isoformat())

        await self._database.persist(write)

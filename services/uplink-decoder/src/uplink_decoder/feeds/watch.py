# SPDX-License-Identifier: EUPL-1.2
"""Notes every second how each source is, and raises and clears what follows from it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts import Condition, Severity, plain_id, settle
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from uplink_decoder import metrics
from uplink_decoder.domain.ledger import Ledger
from uplink_decoder.domain.source_health import DOWN_AFTER, Noted, SourceHealth, Status, health
from uplink_decoder.feeds.supervisor import Feeds
from uplink_decoder.sources import Source, SourceTable
from uplink_decoder.storage import sources as storage

LOOK_EVERY_S = 1.0
SETTLE_EVERY_LOOKS = 5
RATE_OVER_LOOKS = 10
KEPT = timedelta(days=31)
DOWN, SILENT = "source-down", "partner-silent"
"""Who has devices that fell silent is the matter of `alerting`; a partner's own events have none."""


class _Heard(NamedTuple):
    at: datetime
    total: int


class _Meter:
    """How many messages of one source came, and when the last one did."""

    def __init__(self, now: datetime) -> None:
        self._history: deque[_Heard] = deque([_Heard(now, 0)], RATE_OVER_LOOKS)
        self.last_message_at: datetime | None = None
        self.last_error: str | None = None
        self.last_error_at: datetime | None = None

    @property
    def total(self) -> int:
        return self._history[-1].total

    @property
    def per_s(self) -> float:
        first, last = self._history[0], self._history[-1]
        seconds = (last.at - first.at).total_seconds()
        return round((last.total - first.total) / seconds, 3) if seconds > 0 else 0.0

    def note(self, total: int, now: datetime) -> None:
        if total > self.total:
            self.last_message_at = now
        self._history.append(_Heard(now, total))

    def note_error(self, error: str | None, now: datetime) -> None:
        if error is not None:
            self.last_error, self.last_error_at = error[:500], now


class SourceWatch:
    """Keeps `source_state` true, and the alerts `source-down` and `partner-silent`."""

    def __init__(
        self,
        sources: SourceTable,
        feeds: Feeds,
        ledger: Ledger,
        database: Database,
        *,
        writer: str,
        down_after: timedelta = DOWN_AFTER,
    ) -> None:
        self._sources = sources.sources
        self._feeds = feeds
        self._ledger = ledger
        self._database = database
        self._writer = writer
        self._down_after = down_after
        self._meters: dict[str, _Meter] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look every second until `stop`; cut off there, since the database may be away."""
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(self._run(), name="sources")
            await stop.wait()
            looking.cancel()

    async def _run(self) -> None:
        await self._database.persist(lambda c: storage.prune(c, utc_now() - KEPT))
        looks = 0
        while True:
            await self.look()
            if looks % SETTLE_EVERY_LOOKS == 0:
                await self.settle()
            looks += 1
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Note how each source is now, as seen from here."""
        now = utc_now()
        notes = [self._noted(source, now) for source in self._sources]
        metrics.IN_FLIGHT.set(sum(feed.in_flight for feed in self._feeds))
        await self._database.persist(lambda c: storage.note(c, notes))

    async def settle(self) -> None:
        """Raise and clear alerts by what all decoders noted."""
        await self._database.persist(self._settle)

    async def _settle(self, connection: Any) -> None:
        now = utc_now()
        notes = await storage.read(connection)
        await settle(connection, (DOWN, SILENT), self._conditions(notes, now), now)

    def _conditions(self, notes: Mapping[str, list[Noted]], now: datetime) -> Iterator[Condition]:
        for source in self._sources:
            found = health(
                notes.get(source.source_id, ()), now, silence_limit_s=source.silence_limit_s
            )
            if found.is_down_for(self._down_after, now):
                yield _down(source, found)
            elif found.status is Status.SILENT and source.dialect == "canonical":
                yield _silent(source)

    def _noted(self, source: Source, now: datetime) -> Noted:
        name = source.source_id
        feed = self._feeds.of(source)
        feed.look()
        meter = self._meters.setdefault(name, _Meter(now))
        meter.note(self._ledger.entered[name], now)
        # Who sends to webhooks only has no connection that could be down.
        connected = feed.is_connected or not source.topics
        meter.note_error(None if connected else feed.error, now)
        metrics.SOURCE_CONNECTED.labels(name).set(connected)
        metrics.SOURCE_BACKLOG.labels(name).set(feed.backlog if source.topics else 0)
        return Noted(
            source_id=name,
            writer=self._writer,
            noted_at=now,
            connected=connected,
            since=feed.since,
            last_message_at=meter.last_message_at,
            last_error=meter.last_error,
            last_error_at=meter.last_error_at,
            received=meter.total,
            received_per_s=meter.per_s,
            backlog=feed.backlog if source.topics else 0,
        )


def _down(source: Source, found: SourceHealth) -> Condition:
    error = found.last_error or ""
    return Condition(
        kind=DOWN,
        alert_id=plain_id(source.source_id),
        severity=Severity.WARNING if source.simulated else Severity.CRITICAL,
        text=AlertText(
            de=f"Quelle {source.source_id}: keine Verbindung zu ihrem Broker",
            en=f"Source {source.source_id}: no connection to its broker",
        ),
        details={"source_id": source.source_id, "broker": source.broker_name, "error": error},
        simulated=source.simulated,
    )


def _silent(source: Source) -> Condition:
    limit_s = source.silence_limit_s
    return Condition(
        kind=SILENT,
        alert_id=plain_id(source.source_id),
        severity=Severity.WARNING,
        text=AlertText(
            de=f"Partner {source.source_id}: verbunden, aber es kommt nichts mehr",
            en=f"Partner {source.source_id}: connected, but nothing comes any more",
        ),
        details={"source_id": source.source_id, "silent_after_s": limit_s},
        simulated=source.simulated,
    )

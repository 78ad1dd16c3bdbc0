# SPDX-License-Identifier: EUPL-1.2
"""Batch after batch: decode, write in one transaction, publish, and tell the sender it is safe.

The stages overlap; each is sequential, so that a device's observations leave in the order they
came unless a script takes long, and the publish mark never passes over a batch still being written.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database, is_about_the_data
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, Outgoing
from stadttakt_runtime.tracing import Span, Traces
from uplink_decoder import metrics
from uplink_decoder.batch import Batch, assemble, outgoing
from uplink_decoder.codecs.model import AnyCodec, Decoded
from uplink_decoder.decode import Inbound, Outcome, Rejected, ScriptTask, prepare
from uplink_decoder.decoding import Decoding
from uplink_decoder.devices import DeviceBook
from uplink_decoder.domain.events import encode_event
from uplink_decoder.domain.health_hour import hour_number
from uplink_decoder.domain.ledger import Hold, Ledger, Posting
from uplink_decoder.javascript.pool import ScriptPool
from uplink_decoder.storage import batches, health, ledger
from uplink_decoder.storing import Tried, sort_out, store
from uplink_decoder.stragglers import Part, Stragglers, WhenSafe
from uplink_decoder.tracing import spans_of

log = get_logger(__name__)
SWEEP_SIZE = 2000
QUEUE_DEPTH = 1
SCRIPTS_WITHIN_S = 0.025
"""How long a batch waits for its scripts; what takes longer follows as a part of its own."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    parts: Sequence[Part]
    hold: Hold

    @property
    def outcomes(self) -> list[Outcome]:
        return [outcome for part in self.parts for outcome in part.outcomes]


@dataclass(frozen=True, slots=True)
class _Committed:
    """A batch whose rows are safe and whose publishes are not yet acknowledged."""

    publishes: Sequence[Outgoing]
    last_seq: int
    parts: Sequence[Part]
    traced: Sequence[Span]


@dataclass(frozen=True, slots=True)
class _Written:
    batch: Batch
    publishes: Sequence[Outgoing]
    last_seq: int
    posting: Posting


class Pipeline:
    """Takes messages from the broker and the webhooks through the same two stages."""

    def __init__(  # noqa: PLR0913 (the parts it is put together from)
        self,
        *,
        database: Database,
        mqtt: MqttConnection,
        devices: DeviceBook,
        codecs: Mapping[str, AnyCodec],
        scripts: ScriptPool,
        topics: Topics,
        writer: str,
        traces: Traces,
    ) -> None:
        self._database = database
        self._mqtt = mqtt
        self._devices = devices
        self._codecs = codecs
        self._topics = topics
        self._writer = writer
        self._traces = traces
        self._run = uuid.uuid4()
        self._posting = asyncio.Lock()
        self.ledger = Ledger()
        self._decoding = Decoding(devices, codecs, scripts)
        self._stragglers = Stragglers()
        self._published_seq = 0
        self._decoded: asyncio.Queue[_Decoded | None] = asyncio.Queue(QUEUE_DEPTH)
        self._committed: asyncio.Queue[_Committed | None] = asyncio.Queue(QUEUE_DEPTH)
        self.seen: dict[str, tuple[datetime, str, Decoded | None]] = {}
        self.heard: set[tuple[str, int]] = set()
        self.received_from: dict[str, datetime] = {}

    async def handle(self, inbound: Sequence[Inbound], when_safe: WhenSafe) -> None:
        """Decode, and hand over what is decoded; scripts that take long follow by themselves.

        `when_safe` is called with the positions of those messages of which everything is
        committed and the publishes are acknowledged; several times where scripts were waited for.
        Whoever takes messages in enters them into the ledger first.
        """
        whole = self.ledger.hold(inbound)
        begun = await self._decoding.begin(inbound)
        late = begun.running
        if late:
            answers = [running.answers for running in late]
            await asyncio.wait(answers, timeout=SCRIPTS_WITHIN_S)
            for running in [each for each in late if each.answers.done()]:
                begun.done.update(zip(running.positions, running.outcomes(), strict=True))
            late = [each for each in late if not each.answers.done()]
        if late:
            for running in late:
                hold = self.ledger.hold([task.inbound for task in running.tasks])
                self._stragglers.add(running, when_safe, hold)
            self.ledger.release(whole)
            whole = self.ledger.hold([outcome.inbound for outcome in begun.done.values()])
        if begun.done:
            part = Part(list(begun.done), list(begun.done.values()), when_safe)
            await self._decoded.put(_Decoded([part], whole))

    async def run_stragglers(self) -> None:
        """Hand over what scripts finished after their batch had gone on, until `finish`."""
        while found := await self._stragglers.next_parts():
            parts = [part for part, _ in found]
            together = self.ledger.hold(
                [outcome.inbound for part in parts for outcome in part.outcomes]
            )
            for _, hold in found:
                self.ledger.release(hold)
            await self._decoded.put(_Decoded(parts, together))
        await self._decoded.put(None)

    def rehearse(self, inbound: Inbound) -> None:
        """Do everything with a message that needs neither database nor broker, and drop it.

        A script is left out: in its own process it cannot be what killed this one.
        """
        found = prepare(inbound, self._devices, self._codecs)
        if not isinstance(found, ScriptTask):
            assemble([found], {}, self._devices, self._topics)

    async def reject(self, inbound: Inbound, reason: str, detail: str, when_safe: WhenSafe) -> None:
        """Quarantine a message without looking into it."""
        rejected = Rejected(inbound, reason, detail)
        hold = self.ledger.hold([inbound])
        await self._decoded.put(_Decoded([Part([0], [rejected], when_safe)], hold))

    async def run_committing(self) -> None:
        """Write what is decoded, until `finish`; then let the publishing end too."""
        while batch := await self._decoded.get():
            outcomes = batch.outcomes
            written = await self._commit(outcomes, batch.hold)
            self.ledger.release(batch.hold)
            for part in written:
                self._count(part.batch)
            metrics.BATCH_SIZE.observe(len(outcomes))
            publishes = [publish for part in written for publish in part.publishes]
            last_seq = max(part.last_seq for part in written)
            traced = [span for part in written for span in spans_of(part.batch, self._traces)]
            await self._committed.put(_Committed(publishes, last_seq, batch.parts, traced))
        await self._committed.put(None)

    async def run_publishing(self) -> None:
        """Publish what is committed, then call `when_safe`, until the committing has ended."""
        while batch := await self._committed.get():
            await self._mqtt.publish_all(batch.publishes)
            self._published_seq = max(self._published_seq, batch.last_seq)
            for part in batch.parts:
                part.when_safe(part.positions)
            self._traces.record(span._replace(ended=utc_now()) for span in batch.traced)

    def finish(self) -> None:
        """Let all workers end after what is handed over so far and what scripts still decode."""
        self._stragglers.finish()

    async def begin(self) -> bool:
        """Note the start; tell whether the last process of this writer died.

        What that one held is given back in the ledger: its senders have it still.
        """
        await self._database.persist(lambda c: ledger.close_dead(c, self._writer, self._run))
        return await self._database.persist(lambda c: batches.note_start(c, self._writer))

    async def end(self) -> None:
        """Note that everything in hand was finished."""
        await self.note_published()
        await self.note_ledger()
        await self._database.persist(lambda c: batches.note_end(c, self._writer))

    async def note_ledger(self) -> None:
        """Write what changed in the books without a commit: receipts, holds, and drops."""
        async with self._posting:
            self.ledger.review(utc_now())
            posting = self.ledger.post([])
            await self._database.persist(
                lambda c: ledger.write_lines(c, self._writer, self._run, posting.lines)
            )
            self.ledger.settle(posting)

    async def note_published(self) -> None:
        """Keep the publish mark, so that a later start repeats no more than it must."""
        seq = self._published_seq
        if seq:
            await self._database.persist(lambda c: batches.mark_published(c, self._writer, seq))

    async def sweep(self) -> int:
        """Publish what an earlier process committed and did not publish; return how many."""
        total = 0
        while True:
            rows = await self._database.persist(
                lambda c: batches.unpublished(c, self._writer, SWEEP_SIZE)
            )
            if not rows:
                return total
            await self._mqtt.publish_all(_again(row) for row in rows)
            self._published_seq = rows[-1]["seq"]
            await self.note_published()
            total += len(rows)

    async def _commit(self, outcomes: Sequence[Outcome], hold: Hold) -> list[_Written]:
        """Write a batch; when a row offends the database, halve until it stands alone."""
        try:
            with metrics.COMMIT_SECONDS.time():
                tried = Tried()
                async with self._posting:
                    written = await self._database.persist(
                        lambda c: self._write(c, outcomes, hold, tried)
                    )
                    self.ledger.settle(written.posting)
                return [written]
        except asyncpg.PostgresError as error:
            if not is_about_the_data(error):
                raise
            if len(outcomes) == 1:
                return await self._commit([_offender(outcomes[0], error)], hold)
        middle = len(outcomes) // 2
        return [
            *await self._commit(outcomes[:middle], hold),
            *await self._commit(outcomes[middle:], hold),
        ]

    async def _write(
        self, connection: Any, outcomes: Sequence[Outcome], hold: Hold, tried: Tried
    ) -> _Written:
        batch = await sort_out(connection, outcomes, self._devices, self._topics, tried=tried)
        await batches.write_quarantine(connection, _once(batch.quarantine))
        sequence = await store(connection, batch, self._writer)
        await health.mark_late(connection, batch.uplinks, batch.events)
        # Last, since its rows stay locked until the commit.
        told = tried.told(batch)
        posting = self.ledger.post(told.fates, hold)
        await ledger.write_lines(connection, self._writer, self._run, posting.lines)
        publishes = [outgoing(found) for found in batch.observations]
        last_seq = sequence[-1] if sequence else 0
        return _Written(told, [*publishes, *batch.republish], last_seq, posting)

    def _count(self, batch: Batch) -> None:
        for (source_id, outcome), count in batch.counts.items():
            metrics.MESSAGES.labels(source_id, outcome).inc(count)
        for row in batch.quarantine:
            metrics.REJECTED.labels(row[5]).inc()
        kinds = Counter(found.observation.kind for found in batch.observations)
        for kind, count in kinds.items():
            metrics.OBSERVATIONS.labels(kind).inc(count)
        for device, seen in batch.seen.items():
            if device not in self.seen or self.seen[device][0] <= seen[0]:
                self.seen[device] = seen
        # Device and hour of observation, for the examiner.
        self.heard.update([(row[3], hour_number(row[0])) for row in batch.uplinks])
        self.heard.update([(row[3], hour_number(row[0])) for row in batch.events])
        self.received_from.update(batch.received_from)


def _once(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the rows, each id once: one statement may touch a row only once."""
    return list({row[0]: row for row in rows}.values())


def _offender(outcome: Outcome, error: Exception) -> Rejected:
    state = getattr(error, "sqlstate", "")
    log.warning("row_refused", sqlstate=state, error=str(error))
    return Rejected(outcome.inbound, "refused_by_database", f"SQLSTATE {state}: {error}")


def _again(row: Any) -> Outgoing:
    payload = encode_event(
        kind=row["kind"],
        event_id=row["event_id"],
        source_id=row["source_id"],
        subject=row["subject"],
        observed_at=row["observed_at"],
        data=orjson.Fragment(row["data"]),
        simulated=row["simulated"],
        sensor=row["dev_eui"],
    )
    return Outgoing(row["topic"], payload)

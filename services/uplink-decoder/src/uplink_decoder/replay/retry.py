# SPDX-License-Identifier: EUPL-1.2
"""One window of a retry in one transaction: quarantined messages through the pipeline again.

They are read with the sources, devices and codecs of today. What was stored when it came is
decoded as a replay does it; what never was becomes an ordinary message of its first receipt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson

from stadttakt_messages.topics import Topics
from stadttakt_runtime.awake import awake
from uplink_decoder.batch import Batch
from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.decode import Inbound, Outcome, Rejected, ScriptTask, prepare
from uplink_decoder.decoding import complete
from uplink_decoder.devices import DeviceBook
from uplink_decoder.domain.ledger import Fate
from uplink_decoder.domain.selection import Selection
from uplink_decoder.javascript.pool import ScriptPool
from uplink_decoder.replay.judging import Refusal, Verdict
from uplink_decoder.replay.mending import held_uplink, shift
from uplink_decoder.replay.report import Tally
from uplink_decoder.replay.trials import DeadlyError, read_here
from uplink_decoder.replay.window import Done, Windows, writer_of
from uplink_decoder.sources import Origin, SourceTable
from uplink_decoder.storage import (
    health,
    quarantine_retries,
    quarantine_states,
    replay_windows,
    replays,
)
from uplink_decoder.storage.quarantine_states import Author, Settled
from uplink_decoder.storing import sort_out, store
from uplink_decoder.trial import survives

NOT_BY_BROKER = frozenset({"webhook", "backfill", "http", "import"})
"""Ways in that name themselves, source and event where a topic would stand."""
GONE = "its uplink is not stored any more"


class Tried(NamedTuple):
    """What became of a window's messages: rows with their new state, and as what they count."""

    settled: Sequence[Settled]
    moved: Sequence[tuple[Any, Fate]]
    first_seq: int | None


class Retries:
    """Works through quarantined messages; everything that a window changes commits together."""

    def __init__(
        self,
        windows: Windows,
        *,
        sources: SourceTable,
        devices: DeviceBook,
        codecs: Mapping[str, AnyCodec],
        scripts: ScriptPool,
        topics: Topics,
    ) -> None:
        self._windows = windows
        self._sources = sources
        self._codecs = codecs
        self._scripts = scripts
        self._devices = devices
        self._topics = topics

    async def work(self, connection: Any, job: Any, *, limit: int, refusal: Refusal | None) -> Done:
        """Retry the next `limit` messages; with `refusal` the one there is is not taken.

        Raises:
            DeadlyError: a process that tried them died.

        """
        rows = await quarantine_retries.open_messages(
            connection,
            Selection.of_document(orjson.loads(job["filter"])),
            after=(job["position_at"], job["position_id"]) if job["position_at"] else None,
            until=job["created_at"],
            limit=limit,
        )
        writer = writer_of(job["replay_id"])
        raw = [row for row in rows if row["uplink_id"] is None]
        held = [row for row in rows if row["uplink_id"] is not None]
        parts = [
            await self._retry_raw(connection, raw, writer, refusal),
            await self._retry_held(connection, held, job["replay_id"], refusal),
        ]
        for part in parts:
            await quarantine_states.settle(connection, part.settled, _author(job))
            await shift(connection, part.moved)
        tally = Tally(job)
        states = [each.state for part in parts for each in part.settled]
        tally.count_retried(states)
        is_last = len(rows) < limit
        progress = replays.Progress(
            state="done" if is_last else "running",
            counts=tally.counts,
            fields={},
            differences=0,
            position=(rows[-1]["received_at"], rows[-1]["quarantine_id"]) if rows else None,
            from_at=rows[0]["received_at"] if rows else None,
            unpublished_from=min((p.first_seq for p in parts if p.first_seq), default=None),
        )
        await replays.advance(connection, job["replay_id"], progress)
        return Done(len(rows), is_last, states.count("resolved"), states.count("open"))

    async def _retry_raw(
        self, connection: Any, rows: Sequence[Any], writer: str, refusal: Refusal | None
    ) -> Tried:
        """Read messages that were never stored, as if they came now; store what can be read."""
        if not rows:
            return Tried([], [], None)
        inbound = [self._inbound(row) for row in rows]
        outcomes: list[Outcome]
        if refusal:
            outcomes = [Rejected(each, refusal.reason, refusal.detail) for each in inbound]
        else:
            outcomes = await awake(connection, self._read(inbound))
        batch = await sort_out(connection, outcomes, self._devices, self._topics)
        sequence = await store(connection, batch, writer)
        await health.mark(connection, [(row[3], row[0]) for row in (*batch.uplinks, *batch.events)])
        return _tried(rows, batch, sequence[0] if sequence else None)

    async def _read(self, inbound: Sequence[Inbound]) -> list[Outcome]:
        work = partial(read_here, inbound, self._devices, self._codecs, self._topics)
        if not await survives(work):
            raise DeadlyError
        found = [prepare(each, self._devices, self._codecs) for each in inbound]
        tasks = {n: each for n, each in enumerate(found) if isinstance(each, ScriptTask)}
        ran = dict(zip(tasks, await complete(list(tasks.values()), self._scripts), strict=True))
        return [
            ran[number] if isinstance(each, ScriptTask) else each
            for number, each in enumerate(found)
        ]

    async def _retry_held(
        self, connection: Any, rows: Sequence[Any], replay_id: int, refusal: Refusal | None
    ) -> Tried:
        """Decode again what was stored when it came, and refused by its codec."""
        if not rows:
            return Tried([], [], None)
        keys = [(row["dev_eui"], row["received_at"], row["uplink_id"]) for row in rows]
        uplinks = await replay_windows.uplinks_of(connection, keys)
        verdicts: list[Verdict] = []
        start = None
        if uplinks:
            verdicts = await self._windows.judge(connection, uplinks, self._codecs, refusal=refusal)
            start = await self._windows.write(connection, replay_id, verdicts)
        found = {verdict.row["uplink_id"]: verdict for verdict in verdicts}
        settled = [_settled(row, found.get(row["uplink_id"])) for row in rows]
        taken = [row for row, each in zip(rows, settled, strict=True) if each.state == "resolved"]
        return Tried(settled, [(row, "stored") for row in taken], start)

    def _inbound(self, row: Any) -> Inbound:
        origin = self._origin(row["source_id"], row["topic"])
        return Inbound(origin, row["topic"], row["payload"], row["received_at"])

    def _origin(self, source_id: str, topic: str) -> Origin:
        """Return whose message it would be today."""
        via, _, rest = topic.partition("/")
        named, _, event = rest.partition("/")
        if via in NOT_BY_BROKER:
            for source in self._sources.sources:
                if source.source_id == named:
                    return Origin(source, None, None, event, via=via)
        found = self._sources.of_stored(source_id, topic)
        return found or Origin(self._sources.stranger, None, None, "")


def _author(job: Any) -> Author:
    note = f"retry {job['replay_id']}" + (f": {job['note']}" if job["note"] else "")
    return Author(job["requested_by"], job["author_role"], note)


def _tried(rows: Sequence[Any], batch: Batch, first_seq: int | None) -> Tried:
    """Pair messages with what became of them; a batch counts each once, in their order."""
    settled: list[Settled] = []
    moved: list[tuple[Any, Fate]] = []
    refused = iter(batch.quarantine)
    for row, (_, fate) in zip(rows, batch.fates, strict=True):
        if fate == "quarantined":
            _, _, _, _, _, reason, detail, *of_uplink, _ = next(refused)
            settled.append(Settled(row["quarantine_id"], "open", 1, reason, detail, *of_uplink))
        else:
            settled.append(Settled(row["quarantine_id"], "resolved", 1))
            moved.append((row, fate))
    return Tried(settled, moved, first_seq)


def _settled(row: Any, verdict: Verdict | None) -> Settled:
    """Return what became of a message whose uplink is stored."""
    id_ = row["quarantine_id"]
    if verdict is None:
        return Settled(id_, "open", 1, detail=GONE)
    if not verdict.errors:
        return Settled(id_, "resolved", 1)
    held = held_uplink(verdict)
    return Settled(
        id_,
        "open",
        1,
        held.reason,
        held.detail,
        codec_id=held.codec_id,
        codec_version=held.codec_version,
    )

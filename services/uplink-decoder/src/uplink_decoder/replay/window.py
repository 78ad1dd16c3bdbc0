# SPDX-License-Identifier: EUPL-1.2
"""One window of a replay in one transaction: read, decode, compare, write, move on."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import orjson

from stadttakt_messages.topics import Topics
from stadttakt_runtime.awake import awake
from stadttakt_runtime.clock import utc_now
from uplink_decoder.batch import Found, observation_row
from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.decode import DecodedUplink, ScriptTask, prepare_uplink
from uplink_decoder.decoding import complete
from uplink_decoder.devices import DeviceBook
from uplink_decoder.domain.difference import StoredObservation
from uplink_decoder.domain.selection import Selection
from uplink_decoder.domain.times import MAX_AHEAD
from uplink_decoder.javascript.pool import ScriptPool
from uplink_decoder.replay import series
from uplink_decoder.replay.beside import Beside
from uplink_decoder.replay.book import Registry, chosen_codec
from uplink_decoder.replay.judging import (
    Refusal,
    Verdict,
    judge,
    position,
    refused,
    restore,
    uplink_update,
)
from uplink_decoder.replay.mending import hold, mend
from uplink_decoder.replay.report import Tally
from uplink_decoder.replay.trials import DeadlyError, decode_here
from uplink_decoder.sources import SourceTable
from uplink_decoder.storage import (
    batches,
    environment_corrections,
    health,
    replay_windows,
    replays,
)
from uplink_decoder.trial import survives

AT_ONCE = 50
"""Uplinks between two turns of the event loop, so that live traffic waits about 2 ms."""
PART = 500
"""Uplinks of a window that are read, judged and written together, beside those before and after."""
Codecs = Mapping[str, AnyCodec]
Take = Callable[[list[Verdict]], Awaitable[None]]


class Done(NamedTuple):
    """How many messages a window had, whether it was the last, what became of retried ones."""

    handled: int
    is_last: bool
    resolved: int = 0
    failed: int = 0


class Part(NamedTuple):
    """Some uplinks of a window, what is stored of them, and what they are decoded to now."""

    rows: list[Any]
    stored: Mapping[uuid.UUID, Sequence[StoredObservation]]
    items: list[DecodedUplink]


class Windows:
    """Works through stored uplinks; everything that a window changes commits together."""

    def __init__(
        self, codecs: Codecs, scripts: ScriptPool, topics: Topics, sources: SourceTable
    ) -> None:
        self._codecs = codecs
        self._scripts = scripts
        self._topics = topics
        self._registry = Registry()
        self._sources = {source.source_id: source for source in sources.sources}

    async def work(self, connection: Any, job: Any, *, limit: int, refusal: Refusal | None) -> Done:
        """Replay the next `limit` uplinks; with `refusal` the one there is is not taken.

        Raises:
            UnknownCodecError: the codec to decode with does not exist any more.
            DeadlyError: the process died at this window, and so did one that tried it.

        """
        rows = await replay_windows.uplinks(
            connection,
            Selection.of_document(orjson.loads(job["filter"])),
            after=(job["position_at"], job["position_id"]) if job["position_at"] else None,
            until=job["created_at"] + MAX_AHEAD,
            limit=limit,
        )
        tally = Tally(job)
        start = None
        if rows:
            codecs = await self._codecs_for(connection, job)
            start = await self._replay(connection, job, rows, codecs, tally, refusal)
        is_last = len(rows) < limit
        progress = replays.Progress(
            state="done" if is_last else "running",
            counts=tally.counts,
            fields=tally.fields,
            differences=tally.differences,
            position=position(rows[-1]) if rows else None,
            from_at=rows[0]["observed_at"] if rows else None,
            unpublished_from=start,
        )
        await replays.advance(connection, job["replay_id"], progress)
        return Done(len(rows), is_last)

    async def _codecs_for(self, connection: Any, job: Any) -> Codecs:
        if not job["codec_id"]:
            return self._codecs
        codec = await chosen_codec(connection, job["codec_id"], job["codec_version"])
        return {codec.codec_id: codec}

    async def _replay(
        self,
        connection: Any,
        job: Any,
        rows: list[Any],
        codecs: Codecs,
        tally: Tally,
        refusal: Refusal | None,
    ) -> int | None:
        """Judge a window and write it; return the first number of the sequence that it took."""
        verdicts: list[Verdict] = []
        starts: list[int] = []

        async def take(some: list[Verdict]) -> None:
            tally.count(some)
            verdicts.extend(some)
            if not job["dry_run"]:
                starts.extend(await self._write_rows(connection, job["replay_id"], some))

        await self._judge_parts(
            connection,
            rows,
            codecs,
            take,
            refusal=refusal,
            replacing=job["codec_id"],
            is_suspect=bool(job["deaths"]),
        )
        if not job["dry_run"]:
            await _write_marks(connection, verdicts)
            await hold(connection, verdicts)
            await mend(connection, verdicts, by=f"replay {job['replay_id']}")
        await replays.write_differences(connection, tally.examples(job["replay_id"], verdicts))
        return starts[0] if starts else None

    async def judge(
        self, connection: Any, rows: list[Any], codecs: Codecs, *, refusal: Refusal | None
    ) -> list[Verdict]:
        """Decode stored uplinks again and compare; `rows` are in the order of time.

        They are suspects, tried in another process first.

        Raises:
            DeadlyError: it died.

        """
        verdicts: list[Verdict] = []

        async def take(some: list[Verdict]) -> None:
            verdicts.extend(some)

        await self._judge_parts(connection, rows, codecs, take, refusal=refusal, is_suspect=True)
        return verdicts

    async def _judge_parts(  # noqa: PLR0913 (a window, how to judge it, where it goes)
        self,
        connection: Any,
        rows: list[Any],
        codecs: Codecs,
        take: Take,
        *,
        refusal: Refusal | None,
        replacing: str | None = None,
        is_suspect: bool = False,
    ) -> None:
        """Judge a window in parts; one is read ahead and one is taken while another is judged.

        With `replacing` all devices have that codec.
        """
        devices = await self._registry.book_for(connection, rows, replacing)
        if is_suspect and refusal is None:
            work = partial(decode_here, rows, self._sources, devices, codecs, self._topics)
            if not await survives(work):
                raise DeadlyError
        # The database works while this process does; it can do one thing at a time.
        turn = asyncio.Lock()

        async def read(part: list[Any]) -> Part:
            async with turn:
                stored = await replay_windows.observations(connection, part)
            decoding = self._decode(part, devices, codecs, refusal)
            return Part(part, stored, await awake(connection, decoding, turn))

        async def taken(verdicts: list[Verdict]) -> None:
            async with turn:
                await take(verdicts)

        parts = [rows[begin : begin + PART] for begin in range(0, len(rows), PART)]
        async with Beside[Part]() as reading, Beside[None]() as taking:
            reading.begin(read(parts[0]))
            for following in (*parts[1:], None):
                part = await reading.end()
                if following:
                    reading.begin(read(following))
                verdicts = await self._compare(part, devices) if part else []
                await taking.end()
                taking.begin(taken(verdicts))
            await taking.end()

    async def _compare(self, part: Part, devices: DeviceBook) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for number, (row, item) in enumerate(zip(part.rows, part.items, strict=True)):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            old = part.stored.get(row["uplink_id"], [])
            verdicts.append(judge(row, item, old, devices, self._topics))
        return verdicts

    async def _decode(
        self, rows: list[Any], devices: DeviceBook, codecs: Codecs, refusal: Refusal | None
    ) -> list[DecodedUplink]:
        if refusal:
            return [refused(row, self._sources, refusal) for row in rows]
        found: list[DecodedUplink | ScriptTask] = []
        for number, row in enumerate(rows):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            inbound, uplink = restore(row, self._sources)
            found.append(prepare_uplink(inbound, row["uplink_id"], uplink, devices, codecs))
        return await complete(found, self._scripts)

    async def write(
        self, connection: Any, replay_id: int, verdicts: Sequence[Verdict]
    ) -> int | None:
        """Write what differs; return the first number of the sequence that it took, if any."""
        sequence = await self._write_rows(connection, replay_id, verdicts)
        await _write_marks(connection, verdicts)
        return sequence[0] if sequence else None

    async def _write_rows(
        self, connection: Any, replay_id: int, verdicts: Sequence[Verdict]
    ) -> list[int]:
        """Write uplinks and observations that differ; return the numbers that it took."""
        restated = [uplink_update(verdict) for verdict in verdicts if verdict.is_restated]
        await replay_windows.update_uplinks(connection, restated)
        await self._supersede(connection, verdicts, utc_now())
        return await self._write_observations(connection, replay_id, verdicts)

    async def _supersede(self, connection: Any, verdicts: Sequence[Verdict], now: datetime) -> None:
        over: list[tuple[datetime, int, str | None]] = []
        again: list[tuple[datetime, int, str | None]] = []
        for verdict in verdicts:
            found = verdict.comparison
            replaced = ((each.replaces, each.event_id) for each in found.changed)
            over += [(old.observed_at, old.seq, by) for old, by in replaced if old]
            over += [(old.observed_at, old.seq, None) for old in found.gone]
            again += [(old.observed_at, old.seq, None) for old in found.revived]
        await replay_windows.supersede(connection, over, at=now)
        await replay_windows.supersede(connection, again, at=None)

    async def _write_observations(
        self, connection: Any, replay_id: int, verdicts: Sequence[Verdict]
    ) -> list[int]:
        found = [
            (verdict, correction)
            for verdict in verdicts
            for correction in (*verdict.comparison.changed, *verdict.comparison.new)
        ]
        sequence = await batches.take_sequence(connection, len(found))
        rows = []
        for seq, (verdict, (event_id, observation, old)) in zip(sequence, found, strict=True):
            event = Found(verdict.item, verdict.times, event_id, observation)
            row = observation_row(event, seq, writer_of(replay_id))
            rows.append((*row, old.event_id if old else None))
        await replay_windows.write_corrections(connection, rows)
        return sequence


async def _write_marks(connection: Any, verdicts: Sequence[Verdict]) -> None:
    """Write what follows from a whole window: hours to examine anew, series.

    Once for all, since their rows are locked in an order that other writers keep too.
    """
    restated = [verdict for verdict in verdicts if verdict.is_restated]
    changed = [(each.row["dev_eui"], each.times.observed_at) for each in restated]
    await health.mark(connection, changed)
    wanted, earlier = series.wanted_rows(verdicts), series.earlier_places(verdicts)
    await environment_corrections.restate(connection, earlier, wanted)


def writer_of(replay_id: int) -> str:
    """Return the name under which a replay writes observations."""
    return f"replay-{replay_id}"

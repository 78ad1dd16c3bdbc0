"""One window of a replay in one transaction: read, decode, compare, write, move on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import orjson

from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from uplink_decoder.batch import Found, observation_row
from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.decode import DecodedUplink, ScriptTask, prepare_uplink
from uplink_decoder.decoding import complete
from uplink_decoder.devices import DeviceBook
from uplink_decoder.domain.selection import Selection
from uplink_decoder.domain.times import MAX_AHEAD
from uplink_decoder.javascript.pool import ScriptPool
from uplink_decoder.replay import series
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
Codecs = Mapping[str, AnyCodec]


class Done(NamedTuple):
    """How many messages a window had, whether it was the last, what became of retried ones."""

    handled: int
    is_last: bool
    resolved: int = 0
    failed: int = 0


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
            verdicts = await self.judge(
                connection,
                rows,
                codecs,
                refusal=refusal,
                replacing=job["codec_id"],
                is_suspect=bool(job["deaths"]),
            )
            tally.count(verdicts)
            if not job["dry_run"]:
                start = await self.write(connection, job["replay_id"], verdicts)
                await hold(connection, verdicts)
                await mend(connection, verdicts, by=f"replay {job['replay_id']}")
            await replays.write_differences(connection, tally.examples(job["replay_id"], verdicts))
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

    async def judge(
        self,
        connection: Any,
        rows: list[Any],
        codecs: Codecs,
        *,
        refusal: Refusal | None = None,
        replacing: str | None = None,
        is_suspect: bool = False,
    ) -> list[Verdict]:
        """Decode stored uplinks again and compare; `rows` are in the order of time.

        With `replacing` all devices have that codec. Suspects are tried in another process first.

        Raises:
            DeadlyError: it died.

        """
        devices = await self._registry.book_for(connection, rows, replacing)
        stored = await replay_windows.observations(connection, rows)
        if is_suspect and refusal is None:
            work = partial(decode_here, rows, self._sources, devices, codecs, self._topics)
            if not await survives(work):
                raise DeadlyError
        verdicts: list[Verdict] = []
        for begin in range(0, len(rows), AT_ONCE):
            some = rows[begin : begin + AT_ONCE]
            if refusal:
                items = [refused(row, self._sources, refusal) for row in some]
            else:
                items = await self._decode(some, devices, codecs)
            for row, item in zip(some, items, strict=True):
                old = stored.get(row["uplink_id"], [])
                verdicts.append(judge(row, item, old, devices, self._topics))
            await asyncio.sleep(0)
        return verdicts

    async def _decode(
        self, rows: list[Any], devices: DeviceBook, codecs: Codecs
    ) -> list[DecodedUplink]:
        found: list[DecodedUplink | ScriptTask] = []
        for row in rows:
            inbound, uplink = restore(row, self._sources)
            found.append(prepare_uplink(inbound, row["uplink_id"], uplink, devices, codecs))
        return await complete(found, self._scripts)

    async def write(
        self, connection: Any, replay_id: int, verdicts: Sequence[Verdict]
    ) -> int | None:
        """Write what differs; return the first number of the sequence that it took, if any."""
        now = utc_now()
        restated = [verdict for verdict in verdicts if verdict.is_restated]
        await replay_windows.update_uplinks(connection, [uplink_update(each) for each in restated])
        changed = [(each.row["dev_eui"], each.times.observed_at) for each in restated]
        await health.mark(connection, changed)
        await self._supersede(connection, verdicts, now)
        start = await self._write_observations(connection, replay_id, verdicts)
        wanted, earlier = series.wanted_rows(verdicts), series.earlier_places(verdicts)
        await environment_corrections.restate(connection, earlier, wanted)
        return start

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
    ) -> int | None:
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
        return sequence[0] if sequence else None


def writer_of(replay_id: int) -> str:
    """Return the name under which a replay writes observations."""
    return f"replay-{replay_id}"

"""One window of a replay in one transaction: read, decode, compare, write, move on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
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
from uplink_decoder.replay.book import book_for, chosen_codec
from uplink_decoder.replay.judging import (
    Verdict,
    judge,
    position,
    refused,
    restore,
    uplink_update,
)
from uplink_decoder.replay.report import Tally
from uplink_decoder.sources import SourceTable
from uplink_decoder.storage import (
    batches,
    environment_corrections,
    health,
    quarantine_states,
    replay_windows,
    replays,
)

AT_ONCE = 50
"""Uplinks between two turns of the event loop, so that live traffic waits about 2 ms."""
DECODER = "decoder"


class Done(NamedTuple):
    """How many uplinks a window had, and whether it was the last."""

    handled: int
    is_last: bool


class Windows:
    """Works through stored uplinks; everything that a window changes commits together."""

    def __init__(
        self,
        codecs: Mapping[str, AnyCodec],
        scripts: ScriptPool,
        topics: Topics,
        sources: SourceTable,
    ) -> None:
        self._codecs = codecs
        self._scripts = scripts
        self._topics = topics
        self._sources = {source.source_id: source for source in sources.sources}

    async def work(self, connection: Any, job: Any, *, limit: int, refusal: str | None) -> Done:
        """Replay the next `limit` uplinks; with `refusal` the database refused the one there is."""
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
            verdicts = await self.judge(connection, job, rows, refusal=refusal)
            tally.count(verdicts)
            if not job["dry_run"]:
                start = await self.write(connection, job["replay_id"], verdicts)
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

    async def judge(
        self, connection: Any, job: Any, rows: list[Any], *, refusal: str | None
    ) -> list[Verdict]:
        """Decode stored uplinks again and compare; `rows` are in the order of time.

        Raises:
            UnknownCodecError: the codec to decode with does not exist any more.

        """
        codecs = self._codecs
        if job["codec_id"]:
            codec = await chosen_codec(connection, job["codec_id"], job["codec_version"])
            codecs = {codec.codec_id: codec}
        devices = await book_for(connection, rows, job["codec_id"])
        stored = await replay_windows.observations(connection, rows)
        verdicts: list[Verdict] = []
        for begin in range(0, len(rows), AT_ONCE):
            some = rows[begin : begin + AT_ONCE]
            for row, each in zip(some, await self._decode(some, devices, codecs), strict=True):
                item = refused(each, refusal) if refusal else each
                old = stored.get(row["uplink_id"], [])
                verdicts.append(judge(row, item, old, devices, self._topics))
            await asyncio.sleep(0)
        return verdicts

    async def _decode(
        self, rows: list[Any], devices: DeviceBook, codecs: Mapping[str, AnyCodec]
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
        failing = [verdict for verdict in verdicts if verdict.errors]
        mended = [v.row["uplink_id"] for v in verdicts if v.row["errors"] and not v.errors]
        await quarantine_states.hold_uplinks(connection, [_held(verdict) for verdict in failing])
        await quarantine_states.resolve(connection, mended, author=f"replay {replay_id}")
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


def _held(verdict: Verdict) -> quarantine_states.HeldUplink:
    codec = verdict.item.codec
    return quarantine_states.HeldUplink(
        verdict.times.observed_at,
        verdict.row["uplink_id"],
        "; ".join(verdict.errors).replace("\x00", "�")[:2000],
        codec.codec_id if codec else None,
        codec.version if codec else None,
    )

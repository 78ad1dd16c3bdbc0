# SPDX-License-Identifier: EUPL-1.2
"""Examines stored uplinks beside the hot path: hours of devices and gateways, batteries' outlook.

The hot path only remembers which device was heard in which hour. Such an hour is computed anew from
all its uplinks, so that late, repeated and replayed ones count once (docs/decisions/0028).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from uplink_decoder import metrics
from uplink_decoder.dialects.receptions import read_reception, read_status
from uplink_decoder.domain.frames import Frame, Track
from uplink_decoder.domain.health_hour import Heard, HeardFrame, examine
from uplink_decoder.pipeline import Pipeline
from uplink_decoder.storage import health
from uplink_decoder.storage.health import Examined, Key

EVERY_S = 15.0
MARKS_AT_ONCE = 200
MOST_FRAMES = 5000
"""Of one device in one hour: what sends more often than every second is a fault or an attack."""
HOURS_AT_ONCE = 10
"""So many hours of uplinks are held in memory, each with up to `MOST_FRAMES` raw messages."""
READ_AT_ONCE = 100
REST, LONGEST_REST_S = 24, 60.0
"""It rests so many times as long as it worked, at most 4 % of the process; what it waited for the database counts up to that rest alone."""


class Examiner:
    """Keeps the hours of health exact; one process of all decoders examines at a time."""

    def __init__(self, database: Database, pipeline: Pipeline, writer: str) -> None:
        self._database = database
        self._pipeline = pipeline
        self._writer = writer
        self.computed_s = 0.0

    async def recover(self) -> None:
        """Mark what a killed process of this decoder had stored and not marked."""
        await self._database.persist(lambda c: health.recover(c, self._writer, utc_now()))

    async def note_heard(self) -> None:
        """Mark what the pipeline stored since the last time."""
        heard, self._pipeline.heard = self._pipeline.heard, set()
        if heard:
            now = utc_now()
            await self._database.persist(lambda c: health.note_marked(c, self._writer, heard, now))

    async def run(self, stop: asyncio.Event) -> None:
        """Every 15 s: examine what was marked; cut off at `stop`, marks stay."""
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._run(), name="examiner")
            await stop.wait()
            working.cancel()

    async def _run(self) -> None:
        while True:
            begun, computed = time.monotonic(), self.computed_s
            done = await self.examine_some()
            worked = time.monotonic() - begun
            computed = self.computed_s - computed
            if done:
                metrics.EXAMINED.inc(done)
                metrics.EXAMINING_SECONDS.inc(worked)
            await asyncio.sleep(rest_s(worked, computed) if done else EVERY_S)

    async def examine_all(self) -> int:
        """Examine until nothing is marked; return how many hours of devices."""
        total = 0
        while done := await self.examine_some():
            total += done
        return total

    async def examine_some(self) -> int:
        """Examine the hours of the oldest marks in one transaction; return how many."""
        return await self._database.persist(self._examine)

    async def _examine(self, connection: Any) -> int:
        keys = await health.take_marks(connection, MARKS_AT_ONCE)
        if not keys:
            return 0
        now, reading = utc_now(), _Reading()
        moved: list[Key] = []
        for first in range(0, len(keys), HOURS_AT_ONCE):
            moved += await self._examine_hours(
                connection, keys[first : first + HOURS_AT_ONCE], reading
            )
        await health.write_hours(connection, reading.examined)
        await health.note_gateways(connection, reading.gateway_rows())
        await health.note_devices(connection, reading.newest(), now)
        # The next hour goes on from another count: it is examined anew, and so on while it changes.
        await health.mark(connection, moved)
        return len(keys)

    async def _examine_hours(
        self, connection: Any, keys: Sequence[Key], reading: _Reading
    ) -> list[Key]:
        """Examine a few hours; return those after them that begin from another count now."""
        rows = await health.frames(connection, keys, MOST_FRAMES)
        statuses = await health.statuses(connection, keys)
        standings = await health.standings(connection, keys)
        moved: list[Key] = []
        for key in keys:
            if not rows[key] and not statuses[key] and standings[key].own_track is None:
                continue
            frames = await self._read(rows[key], reading)
            told = (read_status(row["raw"]).battery_percent for row in statuses[key])
            percents = [percent for percent in told if percent is not None]
            standing = standings[key]
            begun = time.thread_time()
            hour, track = examine(frames, percents, reading.track_before(key, standing))
            reading.add(key, rows[key], hour, track)
            self.computed_s += time.thread_time() - begun
            if standing.after_hour and health.track_text(track) != standing.own_track:
                moved.append((key[0], standing.after_hour))
        return moved

    async def _read(self, rows: Sequence[Any], reading: _Reading) -> list[HeardFrame]:
        """Read the stored uplinks of one hour, letting others work in between."""
        found: list[HeardFrame] = []
        for first in range(0, len(rows), READ_AT_ONCE):
            await asyncio.sleep(0)
            begun = time.thread_time()
            found += [reading.frame(row) for row in rows[first : first + READ_AT_ONCE]]
            self.computed_s += time.thread_time() - begun
        return found


def rest_s(worked_s: float, computed_s: float) -> float:
    """Return how long to rest after a pass, in seconds, by how long it took and what of that it computed."""
    return min(worked_s * REST, max(LONGEST_REST_S, computed_s * REST))


class _Reading:
    """What one pass has found; keys come in the order of device and hour."""

    def __init__(self) -> None:
        self.examined: list[Examined] = []
        self._gateways: dict[str, list[Any]] = {}

    def track_before(self, key: Key, standing: health.Standing) -> Track:
        """Return where the counter stood before an hour, as stored or as just computed."""
        if self.examined:
            last = self.examined[-1]
            stored = standing.before_hour
            if last.dev_eui == key[0] and (stored is None or last.hour >= stored):
                return last.track
        return standing.before

    def add(self, key: Key, rows: Sequence[Any], hour: Any, track: Track) -> None:
        """Keep the result of one hour."""
        source_id = rows[-1]["source_id"] if rows else ""
        simulated = all(row["simulated"] for row in rows) if rows else False
        self.examined.append(Examined(*key, source_id, simulated, hour, track))

    def gateway_rows(self) -> list[list[Any]]:
        """Return the gateways that were met, in one order everywhere."""
        return [self._gateways[name] for name in sorted(self._gateways)]

    def newest(self) -> dict[str, tuple[Any, ...]]:
        """Return of each device the newest hour with frames, and the newest with a battery."""
        found: dict[str, tuple[Any, ...]] = {}
        for each in self.examined:
            hour, radio = None, "{}"
            if each.health.counts.frames:
                hour, radio = each.hour, orjson.dumps(_radio(each)).decode()
            before = found.get(each.dev_eui, (None, "{}", None, None, None))
            battery: tuple[Any, ...] = before[2:]
            mv, percent = each.health.battery_mv, each.health.battery_percent
            if mv is not None or percent is not None:
                battery = (each.hour, mv, percent)
            newer = (hour, radio) if hour else before[:2]
            found[each.dev_eui] = (*newer, *battery)
        return found

    def frame(self, row: Any) -> HeardFrame:
        """Read a stored uplink, and note its gateways."""
        reception = read_reception(row["raw"])
        for heard in reception.heard:
            self._note(heard, row)
        percent = row["battery_percent"]
        return HeardFrame(
            Frame(row["observed_at"], row["f_cnt"], reception.session),
            reception.heard,
            reception.spreading_factor,
            row["battery_mv"],
            reception.battery_percent if percent is None else percent,
            bool(row["has_codec_error"]),
        )

    def _note(self, heard: Heard, row: Any) -> None:
        at: datetime = row["observed_at"]
        known = self._gateways.setdefault(
            heard.gateway_id,
            [
                heard.gateway_id,
                row["source_id"],
                heard.is_foreign,
                row["simulated"],
                at,
                at,
                heard.lat,
                heard.lon,
            ],
        )
        known[4], known[5] = min(known[4], at), max(known[5], at)
        known[3] = known[3] and row["simulated"]
        if heard.lat is not None:
            known[6:] = [heard.lat, heard.lon]


def _radio(each: Examined) -> dict[str, Any]:
    run, best = each.track.current, each.health.best
    spreading = each.health.spreading
    return {
        "f_cnt": run.highest if run else None,
        "gateways": len(each.health.gateways),
        "best_rssi": best.rssi_max,
        "best_snr": best.snr_max,
        "spreading_factor": max(spreading, key=lambda sf: (spreading[sf], sf), default=None),
    }

# SPDX-License-Identifier: EUPL-1.2
"""The worker: one replay after the other, window by window, beside live traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

import asyncpg

from stadttakt_messages.topics import Topics
from stadttakt_runtime.database import Database, is_about_the_data
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection
from uplink_decoder import metrics
from uplink_decoder.codecs.model import AnyCodec
from uplink_decoder.devices import DeviceBook
from uplink_decoder.javascript.pool import ScriptPool
from uplink_decoder.replay.beside import Beside
from uplink_decoder.replay.book import UnknownCodecError
from uplink_decoder.replay.judging import Refusal
from uplink_decoder.replay.publishing import Published, Publisher
from uplink_decoder.replay.registration import Registrations
from uplink_decoder.replay.retry import Retries
from uplink_decoder.replay.trials import DeadlyError
from uplink_decoder.replay.window import Done, Windows
from uplink_decoder.sources import SourceTable
from uplink_decoder.storage import quarantine, replays

log = get_logger(__name__)
IDLE_S = 1.0
MAX_DEATHS = 3
"""At so many deaths of the process at one position it is the replay that kills it."""

TELL_EVERY_S = 30.0
REFUSED = "refused_by_database"
POISON = Refusal("poison", "a process that tried it died")


class Pace(NamedTuple):
    """Stored uplinks a second at most and per transaction; days that late registrations reach."""

    rate: int
    window: int
    registration_days: int


class Replayer:
    """Works off the list of replays, no faster than its pace allows."""

    def __init__(  # noqa: PLR0913 (the parts it is put together from)
        self,
        *,
        database: Database,
        mqtt: MqttConnection,
        codecs: Mapping[str, AnyCodec],
        scripts: ScriptPool,
        topics: Topics,
        sources: SourceTable,
        devices: DeviceBook,
        pace: Pace,
    ) -> None:
        self._database = database
        self._publisher = Publisher(database, mqtt)
        self._windows = Windows(codecs, scripts, topics, sources)
        self._retries = Retries(
            self._windows,
            sources=sources,
            devices=devices,
            codecs=codecs,
            scripts=scripts,
            topics=topics,
        )
        self._registrations = Registrations(codecs, pace.registration_days)
        self._pace = pace

    async def run(self) -> None:
        """Replay for ever; to be cancelled, since it would wait for a database that is away."""
        await self._database.persist(lambda c: replays.note_deaths(c, MAX_DEATHS))
        told = -TELL_EVERY_S
        while True:
            began = monotonic()
            if began - told >= TELL_EVERY_S:
                await self._tell()
                told = began
            await self._database.persist(partial(self._registrations.look, now_s=began))
            done = await self._step_and_publish()
            if done.handled:
                metrics.REPLAYED.inc(done.handled)
                metrics.RETRIED.labels("resolved").inc(done.resolved)
                metrics.RETRIED.labels("failed").inc(done.failed)
            due = began + done.handled / self._pace.rate
            if done.is_last or monotonic() < due:
                await self._publisher.publish_all()
            await asyncio.sleep(max(0.0, due - monotonic()) if done.handled else IDLE_S)

    async def _step_and_publish(self) -> Done:
        """Do one window, and publish beside it what windows before it wrote."""
        async with Beside[Published | None]() as publishing:
            publishing.begin(self._publisher.publish())
            done = await self._step()
            published = await publishing.end()
        if published:
            await self._publisher.note(published)
        return done

    async def _step(self) -> Done:
        """Do one window; when a message is not survived, smaller ones until it stands alone."""
        limit, refusal, was_alone = self._pace.window, None, False
        while True:
            try:
                work = partial(self._work, limit=limit, refusal=refusal)
                return await self._database.persist(work)
            except asyncpg.PostgresError as error:
                if not is_about_the_data(error) or refusal:
                    raise
                log.warning("row_refused", sqlstate=error.sqlstate, error=str(error))
                found = Refusal(REFUSED, f"SQLSTATE {error.sqlstate}: {error}")
            except DeadlyError:
                log.warning("trial_died", messages=limit)
                found = POISON
            # A trial may also fail by chance: a message is convicted by two of them.
            if limit == 1 and (found is not POISON or was_alone):
                refusal = found
            was_alone = limit == 1
            limit = max(1, limit // 4)

    async def _work(self, connection: Any, *, limit: int, refusal: Refusal | None) -> Done:
        if not await replays.lock(connection):
            return Done(0, is_last=False)
        job = await replays.next_replay(connection)
        if job is None:
            return Done(0, is_last=True)
        worker = self._retries if job["kind"] == "quarantine" else self._windows
        try:
            done = await worker.work(connection, job, limit=limit, refusal=refusal)
        except UnknownCodecError as error:
            await replays.fail(connection, job["replay_id"], str(error))
            return Done(0, is_last=True)
        if done.is_last:
            log.info("replayed", replay=job["replay_id"], kind=job["kind"])
        return done

    async def _tell(self) -> None:
        """Show how many messages wait for a decision."""
        waiting = await self._database.persist(quarantine.open_by_reason)
        metrics.QUARANTINE_OPEN.clear()
        for reason, count in waiting.items():
            metrics.QUARANTINE_OPEN.labels(reason).set(count)

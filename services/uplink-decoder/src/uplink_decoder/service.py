# SPDX-License-Identifier: EUPL-1.2
"""The decoder's parts and their workers, put together once; owns their order of leaving."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import FastAPI

from stadttakt_messages.topics import Topics
from stadttakt_runtime.alerts import AlertPublisher, settle
from stadttakt_runtime.broker_readiness import report_broker
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.process import pause
from stadttakt_runtime.tracing import Traces
from uplink_decoder import metrics
from uplink_decoder.alerting import rules, texts
from uplink_decoder.alerting.watch import Watch
from uplink_decoder.backfill.watch import Backfiller
from uplink_decoder.backing import Backing
from uplink_decoder.codec_book import CodecBook
from uplink_decoder.devices import DeviceBook
from uplink_decoder.downlinks.outbox import Outbox
from uplink_decoder.examiner import Examiner
from uplink_decoder.feeds.supervisor import Feeds
from uplink_decoder.feeds.watch import SourceWatch
from uplink_decoder.intake import Intake
from uplink_decoder.javascript.pool import ScriptPool
from uplink_decoder.pipeline import Pipeline
from uplink_decoder.registry.following import RegistryReader
from uplink_decoder.replay.worker import Pace, Replayer
from uplink_decoder.rollups import RollUps
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.sources import Source, SourceTable
from uplink_decoder.storage import batches, conditions, ledger, retention
from uplink_decoder.storage import codecs as codec_storage
from uplink_decoder.storage import devices as device_storage

log = get_logger(__name__)

RECOVER_LAST_SEEN_OF = timedelta(minutes=30)
HOUSEKEEPING_S = 2.0
PRUNE_EVERY_S = 3600.0
DRAIN_S = 20.0
CHECK_LEDGER_EVERY_S = 60.0
LEDGER_CHECKED = timedelta(days=2)
LEDGER_KEPT = timedelta(days=400)


class Decoder:
    """Session, pipeline, consumer and intake of one decoder instance."""

    def __init__(
        self, settings: UplinkSettings, database: Database, sources: SourceTable, app: FastAPI
    ) -> None:
        self._settings = settings
        self._database = database
        self._readiness: Readiness = app.state.readiness
        self._devices = DeviceBook()
        self._registry = RegistryReader(database, self._devices)
        self.codecs = CodecBook()
        self._codec_mark: str | None = None
        instance = f"stadttakt-uplink-{settings.instance}"
        # A session of its own: those that receive stop reading when too much is in hand.
        self.mqtt = MqttConnection(MqttOptions.from_settings(settings, client_id=f"{instance}-out"))
        self.scripts = ScriptPool(settings.script_workers)
        self._traces = Traces.of(settings, "uplink-decoder")
        self.pipeline = Pipeline(
            database=database,
            mqtt=self.mqtt,
            devices=self._devices,
            codecs=self.codecs,
            scripts=self.scripts,
            topics=Topics(settings.topic_root),
            writer=instance,
            traces=self._traces,
        )
        self.alerts = AlertPublisher(
            database, self.mqtt, service="uplink-decoder", topics=Topics(settings.topic_root)
        )
        self.examiner = Examiner(database, self.pipeline, instance)
        self.watch = Watch(database, sources, settings)
        self.backing = Backing(settings, database, instance)
        self.rollups = RollUps(database, raw_days=settings.environment_raw_days)
        self.intake: Intake = app.state.intake
        self.intake.ledger = self.pipeline.ledger
        self._replayer = self._make_replayer(sources)
        self.feeds = Feeds(
            settings, sources, pipeline=self.pipeline, database=database, instance=instance
        )
        self.backfill = self._make_backfill(sources)
        self.source_watch = SourceWatch(
            sources, self.feeds, self.pipeline.ledger, database, writer=instance
        )
        self._outbox = self._make_outbox(sources, app, instance)

    @property
    def is_connected(self) -> bool:
        """Tell whether both sessions at the platform's broker are up."""
        return self.mqtt.is_connected and self.feeds.platform.is_connected

    def connection_of(self, source: Source) -> MqttConnection | None:
        """Return the session at a source's broker; nothing while it was not set up."""
        return self.feeds.of(source).connection if source.has_own_broker else self.mqtt

    def _make_replayer(self, sources: SourceTable) -> Replayer:
        return Replayer(
            database=self._database,
            mqtt=self.mqtt,
            codecs=self.codecs,
            scripts=self.scripts,
            topics=Topics(self._settings.topic_root),
            sources=sources,
            devices=self._devices,
            pace=_pace(self._settings),
        )

    def _make_backfill(self, sources: SourceTable) -> Backfiller:
        return Backfiller(
            settings=self._settings,
            database=self._database,
            sources=sources,
            intake=self.intake,
            heard=self.pipeline.received_from,
            connection_of=lambda source: self.feeds.of(source).connection,
        )

    def _make_outbox(self, sources: SourceTable, app: FastAPI, instance: str) -> Outbox:
        return Outbox(
            database=self._database,
            connection_of=self.connection_of,
            sources=sources,
            pushes=app.state.pushes,
            instance=instance,
        )

    async def _prepare(self) -> None:
        """Read the registry and make good what a killed process left open."""
        await self._reload_codecs()
        await self._registry.follow()
        since = utc_now() - RECOVER_LAST_SEEN_OF
        await self._database.persist(lambda c: device_storage.recover_last_seen(c, since))
        await self.examiner.recover()

    async def ingest(self, stop: asyncio.Event) -> None:
        """Take messages until `stop`, then finish what is in hand, in order, and disconnect."""
        await self._prepare()
        async with self.scripts, asyncio.TaskGroup() as group:
            connection_stop = asyncio.Event()
            session = group.create_task(self.mqtt.run(connection_stop), name="mqtt")
            stragglers = group.create_task(self.pipeline.run_stragglers(), name="stragglers")
            committing = group.create_task(self.pipeline.run_committing(), name="committing")
            publishing = group.create_task(self.pipeline.run_publishing(), name="publishing")
            after_death = await self.pipeline.begin()
            swept = await self.pipeline.sweep()
            log.info("swept", published=swept, after_death=after_death)
            feeding = group.create_task(self.feeds.run(after_death=after_death), name="feeds")
            hooks = self.intake.run(self.pipeline, self._settings.batch_size)
            webhooks = group.create_task(hooks, name="webhooks")
            group.create_task(self._outbox.run(stop), name="outbox")
            await stop.wait()
            await self.intake.finish()
            try:
                async with asyncio.timeout(DRAIN_S):
                    await self.feeds.drained()
                    await webhooks
                    self.pipeline.finish()
                    await publishing
                    await self.pipeline.end()
            except TimeoutError:
                # Nothing is lost: unacknowledged messages come again, the sweep publishes.
                log.warning("not_drained", seconds=DRAIN_S)
                for task in (feeding, webhooks, stragglers, committing, publishing):
                    task.cancel()
            self.feeds.close()
            await asyncio.wait([feeding])
            connection_stop.set()
            await session
        await self.mqtt.close()
        await self._traces.close()

    async def leave(self, stop: asyncio.Event) -> None:
        """Give up the sessions of an instance that was removed, then end the process in peace."""
        await self.feeds.left()
        log.info("left", instance=self._settings.instance)
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()

    async def replay(self, stop: asyncio.Event) -> None:
        """Work off replays until `stop`; the position is in the database, the rest comes later."""
        async with asyncio.TaskGroup() as group:
            replaying = group.create_task(self._replayer.run(), name="replay")
            await stop.wait()
            replaying.cancel()

    async def keep_house(self, stop: asyncio.Event) -> None:
        """Every two seconds: registry changes, last-seen times, publish mark, suspects, readiness.

        Cut off at `stop`, since it would wait for a database that is away; the next start makes
        good what is left.
        """
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(self._keep_house(), name="house")
            await stop.wait()
            keeping.cancel()

    async def _keep_house(self) -> None:
        while True:
            await self._note_seen()
            await self.examiner.note_heard()
            await self.pipeline.note_published()
            await self.pipeline.note_ledger()
            await self.feeds.forget_cleared()
            await self._reload_codecs()
            await self._registry.follow()
            await asyncio.sleep(HOUSEKEEPING_S)

    async def prune(self, stop: asyncio.Event) -> None:
        """Every hour: forget identities that no delivery can repeat any more."""
        while not stop.is_set():
            pruned = await self._database.persist(self._prune_identities)
            log.info("identities_pruned", count=pruned)
            await self._database.persist(lambda c: ledger.prune(c, utc_now() - LEDGER_KEPT))
            await self._drop_old()
            await pause(stop, PRUNE_EVERY_S)

    async def _drop_old(self) -> None:
        """Drop what is older than its setting keeps it; stored uplinks only if somebody says so."""
        now, settings = utc_now(), self._settings
        kept = {"uplink": settings.uplink_days, "observation": settings.observation_days}
        for table, days in kept.items():
            if days is not None:
                before = now - timedelta(days=days)
                drop = partial(retention.drop_chunks, table=table, before=before)
                dropped = await self._database.persist(drop)
                log.info("chunks_dropped", table=table, count=dropped)
        healthy = now - timedelta(days=settings.health_days)
        await self._database.persist(lambda c: conditions.forget(c, healthy))
        held = now - timedelta(days=settings.quarantine_days)
        listed = now - timedelta(days=settings.report_days)
        await self._database.persist(lambda c: retention.erase_quarantined(c, held))
        await self._database.persist(lambda c: retention.purge_quarantine(c, listed))
        await self._database.persist(lambda c: retention.purge_replays(c, listed))

    async def _prune_identities(self, connection: Any) -> int:
        before = utc_now() - timedelta(days=self._settings.identity_days)
        return await batches.prune_identities(connection, before)

    async def check_ledger(self, stop: asyncio.Event) -> None:
        """Every minute: compare what came in with what became of it, of all decoders."""
        while not stop.is_set():
            gaps = await self._database.persist(self._settle_ledger)
            for source_id, gap in gaps.items():
                metrics.LEDGER_GAP.labels(source_id).set(gap)
            if any(gaps.values()):
                log.error("ledger_gap", gaps={name: gap for name, gap in gaps.items() if gap})
            await pause(stop, CHECK_LEDGER_EVERY_S)

    async def _settle_ledger(self, connection: Any) -> dict[str, int]:
        """Raise and clear the ledger's alerts; return the gaps."""
        now = utc_now()
        gaps = await ledger.gaps(connection, now - LEDGER_CHECKED)
        await settle(connection, [texts.LEDGER_GAP], rules.ledger_gaps(gaps), now)
        return gaps

    async def report_readiness(self, stop: asyncio.Event) -> None:
        """Tell `/ready` twice a second whether the broker is there."""
        await report_broker(self._readiness, lambda: self.is_connected, stop)

    async def _note_seen(self) -> None:
        seen, self.pipeline.seen = self.pipeline.seen, {}
        rows = [
            (
                dev_eui,
                at,
                source_id,
                decoded.battery_mv if decoded else None,
                round(decoded.battery_percent)
                if decoded and decoded.battery_percent is not None
                else None,
            )
            for dev_eui, (at, source_id, decoded) in sorted(seen.items())
        ]
        await self._database.persist(lambda c: device_storage.touch(c, rows))

    async def _reload_codecs(self) -> None:
        mark = await self._database.persist(codec_storage.active_mark)
        if mark == self._codec_mark:
            return
        active = await self._database.persist(codec_storage.read_active)
        self.codecs.replace(active)
        self._codec_mark = mark
        log.info("codecs_loaded", count=len(self.codecs))


def _pace(settings: UplinkSettings) -> Pace:
    return Pace(settings.replay_rate, settings.replay_window, settings.registration_days)

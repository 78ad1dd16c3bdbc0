"""The service's parts and their workers, put together once; owns their order of leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from open_data_publisher.board import Board
from open_data_publisher.builder import Builder
from open_data_publisher.consumer import Consumer
from open_data_publisher.datasets.collector import Collector
from open_data_publisher.deliveries.dispatch import Dispatch
from open_data_publisher.deliveries.press import Press
from open_data_publisher.domain.disclosure import Disclosure
from open_data_publisher.domain.states import KINDS
from open_data_publisher.settings import Settings
from open_data_publisher.storage import deliveries, feedback, published, states, usage
from open_data_publisher.usage.writing import UsageWriter
from open_data_publisher.watch import Watch
from stadttakt_messages.catalogue import BY_NAME
from stadttakt_messages.topics import Topics
from stadttakt_runtime import rejected
from stadttakt_runtime.alerts import AlertPublisher
from stadttakt_runtime.broker_readiness import report_broker
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.leadership import Leadership
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.process import happened, pause

STATE = "state"
FORGET_EVERY_S = 3600.0
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
WRITER_KEPT = timedelta(days=2)
DRAIN_S = 20.0
log = get_logger(__name__)


class OpenData:
    """Session, board, builder and periodic work of one publisher."""

    def __init__(self, settings: Settings, database: Database, app: FastAPI) -> None:
        self._settings = settings
        url = settings.database_url.get_secret_value()
        self._leadership = Leadership(database, url, certainty=app.state.certainty)
        database = database.guarded(self._leadership.fence)
        self._database = database
        self._readiness: Readiness = app.state.readiness
        self._board: Board = app.state.board
        topics = Topics(settings.topic_root)
        self._mqtt = self._session(settings, database, topics)
        self._policy = app.state.publication.policy
        self._disclosure = Disclosure(self._policy)
        self._consumer = Consumer(
            self._mqtt,
            database,
            self._board,
            disclosure=self._disclosure,
            batch_size=settings.batch_size,
        )
        self._builder = Builder(
            self._board, app.state.shelf, app.state.publication, every_s=settings.build_every_s
        )
        self._following = _following(database, app, settings)
        self._watch = Watch(database, self._board, stale_after_s=settings.stale_after_s)
        self._alerts = AlertPublisher(
            database, self._mqtt, service="open-data-publisher", topics=topics
        )
        self._usage = UsageWriter(database, app.state.tally, every_s=settings.usage_every_s)
        self._dispatch = Dispatch(
            settings,
            database,
            Press(self._board, app.state.publication),
            app.state.targets,
            may_send=app.state.certainty.holds,
        )

    def _session(self, settings: Settings, database: Database, topics: Topics) -> MqttConnection:
        """Return the session; before each connection the instance asks whether it still leads."""
        return MqttConnection(
            MqttOptions.from_settings(
                settings,
                client_id=f"stadttakt-opendata-{settings.instance}",
                subscriptions=tuple(
                    topics.all_of(BY_NAME[f"{kind}-state"].pattern) for kind in KINDS
                ),
            ),
            may_connect=lambda: database.persist(self._leadership.fence),
        )

    async def keep_state(self, stop: asyncio.Event) -> None:
        """Wait to be the active instance, load what was public, then follow the broker until `stop`."""
        self._readiness.clear(STATE, "standby: another instance is active")
        try:
            if await happened(self._leadership.acquire(), stop):
                await self._lead(stop)
        finally:
            await self._leadership.release()

    async def _lead(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            done = asyncio.Event()
            group.create_task(self._leadership.hold(done), name="leadership")
            if await happened(self._begin(), stop):
                self._readiness.set(STATE)
                try:
                    await self._work(stop)
                finally:
                    await self._mqtt.close()
            done.set()

    async def _begin(self) -> None:
        await self._database.persist(
            lambda c: published.replace(c, self._policy.datasets.keys(), utc_now())
        )
        self._board.load(self._disclosure.of_entries(await self._database.persist(states.live)))
        await self._builder.build()

    async def _work(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            session_stop = asyncio.Event()
            session = group.create_task(self._mqtt.run(session_stop), name="mqtt")
            consuming = group.create_task(self._consumer.run(), name="consumer")
            periodic = [
                group.create_task(work(stop), name=work.__qualname__)
                for work in (
                    self._builder.run,
                    *self._following,
                    self._watch.run,
                    self._alerts.run,
                    self._dispatch.run,
                    self._usage.run,
                    self._forget,
                )
            ]
            await stop.wait()
            self._mqtt.stop_receiving()
            _, unfinished = await asyncio.wait([consuming, *periodic], timeout=DRAIN_S)
            for task in unfinished:
                # Nothing is lost: states come again, a delivery under way is tried again.
                log.warning("not_drained", task=task.get_name(), seconds=DRAIN_S)
                task.cancel()
            session_stop.set()
            await session

    async def report_readiness(self, stop: asyncio.Event) -> None:
        """Tell `/ready` twice a second whether the broker is there."""
        await report_broker(self._readiness, lambda: self._mqtt.is_connected, stop)

    async def _forget(self, stop: asyncio.Event) -> None:
        """Forget, every hour, what is older than the settings keep it."""
        while not stop.is_set():
            now = utc_now()
            past = now - timedelta(days=self._settings.history_days)
            self._board.drop_trips(now)
            await self._database.persist(lambda c, before=now: states.drop_trips(c, before))  # type: ignore[misc]
            refused = now - timedelta(days=self._settings.rejected_days)
            reported = now - timedelta(days=self._settings.feedback_days)
            await self._database.persist(lambda c, before=past: states.forget(c, before))  # type: ignore[misc]
            await self._database.persist(lambda c, before=refused: rejected.forget(c, before))  # type: ignore[misc]
            await self._database.persist(lambda c, before=reported: feedback.forget(c, before))  # type: ignore[misc]
            receipts = now - timedelta(days=self._settings.delivery_days)
            payloads = now - timedelta(days=self._settings.payload_days)
            await self._database.persist(
                lambda c, before=receipts, sent=payloads: deliveries.forget(  # type: ignore[misc]
                    c, before=before, payloads_before=sent
                )
            )
            await self._database.persist(lambda c, n=now: usage.forget_writers(c, n - WRITER_KEPT))  # type: ignore[misc]
            await pause(stop, FORGET_EVERY_S)


def _following(database: Database, app: FastAPI, settings: Settings) -> tuple[Work, ...]:
    """Return the work that follows the other services' views."""
    publication, present = app.state.publication, app.state.present
    collector = Collector(
        database,
        publication,
        present,
        every_s=settings.datasets_every_s,
        revise_days=settings.revise_days,
        history_days=settings.history_days,
    )
    return (collector.run,)

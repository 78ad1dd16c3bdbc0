"""One term of leading: session, board, builder and periodic work under one publication policy."""

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
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.process import pause

FORGET_EVERY_S = 3600.0
WRITER_KEPT = timedelta(days=2)
DRAIN_S = 20.0
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
log = get_logger(__name__)


class Term:
    """What works until another policy holds or the process stops; its session asks for all states anew."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        app: FastAPI,
        may_connect: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._settings = settings
        self._database = database
        self._state = app.state
        self._board: Board = app.state.board
        topics = Topics(settings.topic_root)
        self.mqtt = _session(settings, topics, may_connect)
        publication = app.state.publication
        self._policy = publication.policy
        self._consumer = Consumer(
            self.mqtt,
            database,
            self._board,
            disclosing=self._disclosing,
            batch_size=settings.batch_size,
        )
        self._builder = Builder(
            self._board, app.state.shelf, publication, every_s=settings.build_every_s
        )
        self._collector = Collector(
            database,
            publication,
            app.state.present,
            every_s=settings.datasets_every_s,
            revise_days=settings.revise_days,
            history_days=settings.history_days,
        )
        self._watch = Watch(database, self._board, stale_after_s=settings.stale_after_s)
        self._alerts = AlertPublisher(
            database, self.mqtt, service="open-data-publisher", topics=topics
        )
        self._usage = UsageWriter(database, app.state.tally, every_s=settings.usage_every_s)
        self._dispatch = Dispatch(
            settings,
            database,
            Press(self._board, publication),
            app.state.targets,
            may_send=app.state.certainty.holds,
        )

    async def begin(self) -> None:
        """Put on the board what was public and may still be, and build the feeds of it."""
        await self._database.persist(
            lambda c: published.replace(c, self._policy.datasets.keys(), utc_now())
        )
        stored = await self._database.persist(states.live)
        self._board.replace(self._disclosing().of_entries(stored))
        await self._builder.build()

    def _disclosing(self) -> Disclosure:
        disclosure: Disclosure = self._state.disclosure
        return disclosure

    async def work(self, ended: asyncio.Event) -> None:
        """Follow the broker and do what is due from time to time until `ended`."""
        async with asyncio.TaskGroup() as group:
            session_stop = asyncio.Event()
            session = group.create_task(self.mqtt.run(session_stop), name="mqtt")
            consuming = group.create_task(self._consumer.run(), name="consumer")
            periodic = [
                group.create_task(work(ended), name=work.__qualname__) for work in self._periodic()
            ]
            await ended.wait()
            self.mqtt.stop_receiving()
            _, unfinished = await asyncio.wait([consuming, *periodic], timeout=DRAIN_S)
            for task in unfinished:
                # Nothing is lost: states come again, a delivery under way is tried again.
                log.warning("not_drained", task=task.get_name(), seconds=DRAIN_S)
                task.cancel()
            session_stop.set()
            await session

    def _periodic(self) -> tuple[Work, ...]:
        return (
            self._builder.run,
            self._collector.run,
            self._watch.run,
            self._alerts.run,
            self._dispatch.run,
            self._usage.run,
            self._forget,
        )

    async def _forget(self, ended: asyncio.Event) -> None:
        """Forget, every hour, what is older than the settings keep it."""
        while not ended.is_set():
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
            await pause(ended, FORGET_EVERY_S)


def _session(
    settings: Settings, topics: Topics, may_connect: Callable[[], Coroutine[Any, Any, None]]
) -> MqttConnection:
    return MqttConnection(
        MqttOptions.from_settings(
            settings,
            client_id=f"stadttakt-opendata-{settings.instance}",
            subscriptions=tuple(topics.all_of(BY_NAME[f"{kind}-state"].pattern) for kind in KINDS),
        ),
        may_connect=may_connect,
    )

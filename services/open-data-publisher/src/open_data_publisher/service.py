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
from open_data_publisher.domain.disclosure import Disclosure
from open_data_publisher.settings import Settings
from open_data_publisher.storage import feedback, states
from open_data_publisher.watch import Watch
from stadttakt_messages.catalogue import BY_NAME
from stadttakt_messages.topics import Topics
from stadttakt_runtime import rejected
from stadttakt_runtime.alerts import AlertPublisher
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.process import pause

MQTT = "mqtt"
STATE = "state"
FORGET_EVERY_S = 3600.0
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class OpenData:
    """Session, board, builder and periodic work of one publisher."""

    def __init__(self, settings: Settings, database: Database, app: FastAPI) -> None:
        self._settings = settings
        self._database = database
        self._readiness: Readiness = app.state.readiness
        self._board: Board = app.state.board
        topics = Topics(settings.topic_root)
        self._mqtt = MqttConnection(
            MqttOptions.from_settings(
                settings,
                client_id=f"stadttakt-opendata-{settings.instance}",
                subscriptions=tuple(
                    topics.all_of(BY_NAME[f"{kind}-state"].pattern)
                    for kind in ("lot", "bay", "vehicle")
                ),
            )
        )
        self._disclosure = Disclosure(app.state.publication.policy)
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

    async def keep_state(self, stop: asyncio.Event) -> None:
        """Load what was public, then follow the broker until `stop`."""
        self._board.load(self._disclosure.of_entries(await self._database.persist(states.live)))
        await self._builder.build()
        self._readiness.set(STATE)
        async with asyncio.TaskGroup() as group:
            session_stop = asyncio.Event()
            session = group.create_task(self._mqtt.run(session_stop), name="mqtt")
            consuming = group.create_task(self._consumer.run(), name="consumer")
            for work in (
                self._builder.run,
                *self._following,
                self._watch.run,
                self._alerts.run,
                self._forget,
            ):
                group.create_task(work(stop), name=work.__qualname__)
            await stop.wait()
            self._mqtt.stop_receiving()
            await consuming
            session_stop.set()
            await session
        await self._mqtt.close()

    async def report_readiness(self, stop: asyncio.Event) -> None:
        """Tell `/ready` twice a second whether the broker is there."""
        while not stop.is_set():
            if self._mqtt.is_connected:
                self._readiness.set(MQTT)
            else:
                self._readiness.clear(MQTT, "the broker is away")
            await pause(stop, 0.5)

    async def _forget(self, stop: asyncio.Event) -> None:
        """Forget, every hour, what is older than the settings keep it."""
        while not stop.is_set():
            now = utc_now()
            past = now - timedelta(days=self._settings.history_days)
            refused = now - timedelta(days=self._settings.rejected_days)
            reported = now - timedelta(days=self._settings.feedback_days)
            await self._database.persist(lambda c, before=past: states.forget(c, before))  # type: ignore[misc]
            await self._database.persist(lambda c, before=refused: rejected.forget(c, before))  # type: ignore[misc]
            await self._database.persist(lambda c, before=reported: feedback.forget(c, before))  # type: ignore[misc]
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

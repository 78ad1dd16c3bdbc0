# SPDX-License-Identifier: EUPL-1.2
"""One term of leading: session, board, builder and periodic work under one publication policy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from fastapi import FastAPI

from open_data_publisher.board import Board
from open_data_publisher.builder import Builder
from open_data_publisher.consumer import Consumer
from open_data_publisher.datasets.collector import Collector
from open_data_publisher.deliveries.dispatch import Dispatch
from open_data_publisher.deliveries.press import Press
from open_data_publisher.domain.disclosure import Disclosure
from open_data_publisher.domain.publication import Exchange, Publication, standing_rules
from open_data_publisher.domain.states import KINDS
from open_data_publisher.forgetting import Forgetting
from open_data_publisher.settings import Settings
from open_data_publisher.storage import published, standing, states
from open_data_publisher.usage.writing import UsageWriter
from open_data_publisher.watch import Watch
from stadttakt_messages.catalogue import BY_NAME
from stadttakt_messages.topics import Topics
from stadttakt_runtime.alerts import AlertPublisher
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.tracing import Traces

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
        traces: Traces,
    ) -> None:
        self._settings = settings
        self._traces = traces
        self._database = database
        self._state = app.state
        self._board: Board = app.state.board
        self._publication: Publication = app.state.publication
        self._topics = Topics(settings.topic_root)
        self.mqtt = _session(settings, self._topics, may_connect)
        self._builder = Builder(
            self._board, app.state.shelf, self._publication, every_s=settings.build_every_s
        )
        app.state.shelf.thaw = self._builder.thaw

    async def begin(self) -> None:
        """Put on the board what was public and may still be, and build the feeds of it."""
        now, datasets = utc_now(), self._publication.policy.datasets.keys()
        await self._database.persist(lambda c: published.replace(c, datasets, now))
        rules, since = standing_rules(self._publication), self._board.marks.rules_since
        marks = await self._database.persist(lambda c: standing.marks(c, rules, since, now))
        self._board.mark(marks)
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
            consumer = self._consumer()
            consuming = group.create_task(consumer.run(), name="consumer")
            periodic = [
                group.create_task(work(ended), name=work.__qualname__)
                for work in (consumer.follow_the_clock, *self._periodic())
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

    def _consumer(self) -> Consumer:
        return Consumer(
            self.mqtt,
            self._database,
            self._board,
            disclosing=self._disclosing,
            traces=self._traces,
            batch_size=self._settings.batch_size,
        )

    def _collector(self) -> Collector:
        return Collector(
            self._database,
            self._publication,
            self._state.present,
            every_s=self._settings.datasets_every_s,
            revise_days=self._settings.revise_days,
            history_days=self._settings.history_days,
        )

    def _dispatch(self) -> Dispatch:
        return Dispatch(
            self._settings,
            self._database,
            Press(self._board, replace(self._publication, exchange=Exchange.PUSH)),
            self._state.targets,
            may_send=self._state.certainty.holds,
        )

    def _alerts(self) -> AlertPublisher:
        return AlertPublisher(
            self._database, self.mqtt, service="open-data-publisher", topics=self._topics
        )

    def _periodic(self) -> tuple[Work, ...]:
        database, settings = self._database, self._settings
        return (
            self._builder.run,
            self._collector().run,
            Watch(database, self._board, stale_after_s=settings.stale_after_s).run,
            self._alerts().run,
            self._dispatch().run,
            UsageWriter(database, self._state.tally, every_s=settings.usage_every_s).run,
            Forgetting(settings, database, self._board).run,
        )


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

# SPDX-License-Identifier: EUPL-1.2
"""The service's parts and their workers, put together once; owns their order of leaving."""

from __future__ import annotations

import asyncio

from kpi_aggregator.computing.worker import Computing
from kpi_aggregator.publisher import SERVICE, table
from kpi_aggregator.settings import Settings, pseudonyms_of
from kpi_aggregator.storage import persons
from kpi_aggregator.watch import Watch
from stadttakt_messages.topics import Topics
from stadttakt_runtime.alerts import AlertPublisher
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.outbox import Outbox

log = get_logger(__name__)


class Kpi:
    """Session, computation and publishers of one aggregator.

    Answers come from the database alone: a broker that is away keeps events waiting, nobody else.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        topics = Topics(settings.topic_root)
        self._mqtt = MqttConnection(
            MqttOptions.from_settings(
                settings, client_id=f"stadttakt-kpi-{settings.instance}", subscriptions=()
            )
        )
        self._database = database
        self._pseudonyms = pseudonyms_of(settings)
        self._computing = Computing(database, every_s=settings.compute_every_s)
        self._watch = Watch(database)
        self._events = Outbox(database, self._mqtt, table(topics))
        self._alerts = AlertPublisher(database, self._mqtt, service=SERVICE, topics=topics)

    async def work(self, stop: asyncio.Event) -> None:
        """Compute and publish until `stop`, then leave the broker."""
        await self._renew_pseudonyms()
        async with asyncio.TaskGroup() as group:
            session_stop = asyncio.Event()
            session = group.create_task(self._mqtt.run(session_stop), name="mqtt")
            for worker in (
                self._computing.run,
                self._watch.run,
                self._events.run,
                self._alerts.run,
            ):
                group.create_task(worker(stop), name=worker.__qualname__)
            await stop.wait()
            session_stop.set()
            await session
        await self._mqtt.close()

    async def _renew_pseudonyms(self) -> None:
        """Draw those with the key that were kept before there was one."""
        if self._pseudonyms.key is None:
            log.warning(
                "pseudonym_secret_not_set", consequence="who knows subjects can guess authors"
            )
            return
        renewed = await self._database.persist(lambda c: persons.renew(c, self._pseudonyms))
        if renewed:
            log.info("pseudonyms_renewed", persons=renewed)

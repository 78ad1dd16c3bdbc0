# SPDX-License-Identifier: EUPL-1.2
"""The service's parts and their workers, put together once; owns their order of leaving."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI

from measure_registry.desk import erasure, files
from measure_registry.mailer import Mailer
from measure_registry.outbox import SERVICE, table
from measure_registry.sealing import Vault
from measure_registry.settings import Settings
from measure_registry.storage import city
from stadttakt_messages.topics import Topics
from stadttakt_runtime.alerts import AlertPublisher
from stadttakt_runtime.broker_readiness import report_broker
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.outbox import Outbox
from stadttakt_runtime.process import pause

FORGET_EVERY_S = 3600.0
log = get_logger(__name__)


class Registry:
    """Session, outbox and periodic work of one registry."""

    def __init__(self, settings: Settings, database: Database, app: FastAPI) -> None:
        self._database = database
        self._readiness: Readiness = app.state.readiness
        topics = Topics(settings.topic_root)
        self._mqtt = MqttConnection(
            MqttOptions.from_settings(
                settings, client_id=f"stadttakt-registry-{settings.instance}", subscriptions=()
            )
        )
        self._settings = settings
        self._vault: Vault | None = app.state.vault
        self.send_mails = Mailer(settings, database, self._vault).run
        self._outbox = Outbox(database, self._mqtt, table(topics))
        self._alerts = AlertPublisher(database, self._mqtt, service=SERVICE, topics=topics)

    async def tell_broker(self, stop: asyncio.Event) -> None:
        """Publish changes and alerts until `stop`."""
        async with asyncio.TaskGroup() as group:
            session_stop = asyncio.Event()
            session = group.create_task(self._mqtt.run(session_stop), name="mqtt")
            telling = [
                group.create_task(work(stop), name=work.__qualname__)
                for work in (self._outbox.run, self._alerts.run)
            ]
            await asyncio.wait(telling)
            session_stop.set()
            await session
        await self._mqtt.close()

    async def report_readiness(self, stop: asyncio.Event) -> None:
        """Tell `/ready` twice a second whether the broker is there."""
        await report_broker(self._readiness, lambda: self._mqtt.is_connected, stop)

    async def forget(self, stop: asyncio.Event) -> None:
        """Forget, every hour, contact data, forms and mails whose period is over; seal what came before a key."""
        while not stop.is_set():
            while await self._database.persist(self._seal_some):
                pass
            erased = await self._database.persist(self._forget_now)
            if erased:
                log.info("contact_data_erased", ideas=len(erased))
            await pause(stop, FORGET_EVERY_S)

    async def _seal_some(self, connection: Any) -> int:
        return 0 if self._vault is None else await files.seal_some(connection, self._vault)

    async def _forget_now(self, connection: Any) -> list[str]:
        known = await city.read(connection)
        days = self._settings.mail_days
        return await erasure.forget(connection, known, utc_now(), mail_days=days)

# SPDX-License-Identifier: EUPL-1.2
"""What database and broker tell of themselves, as metrics: whether the log is archived, how much waits at the broker.

Neither has an exporter of its own here. All decoders ask; whoever compares takes the worst answer.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, MqttOptions
from stadttakt_runtime.process import pause
from uplink_decoder import metrics
from uplink_decoder.broker_access import BROKER_STATISTICS
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.storage import archiving

ASK_EVERY_S = 60.0
log = get_logger(__name__)


class Backing:
    """Asks the database every minute, and hears the broker's own topics (Mosquitto, `$SYS`)."""

    def __init__(self, settings: UplinkSettings, database: Database, instance: str) -> None:
        self._database = database
        options = MqttOptions.from_settings(
            settings, client_id=f"{instance}-load", subscriptions=tuple(BROKER_STATISTICS)
        )
        # Nothing of it is worth waiting for: QoS 0, and the session ends with the connection.
        self._session = MqttConnection(replace(options, subscribe_qos=0, session_expiry_s=0))

    async def watch_archive(self, stop: asyncio.Event) -> None:
        """Tell whether the newest attempt to archive the database's log failed."""
        while not stop.is_set():
            failing = await self._database.persist(archiving.is_failing)
            metrics.ARCHIVE_FAILING.set(failing)
            await pause(stop, ASK_EVERY_S)

    async def watch_broker(self, stop: asyncio.Event) -> None:
        """Tell how much the broker holds for sessions, and how much it dropped, until `stop`."""
        # Nothing heard is not nothing there: a login without the right hears nothing.
        for told in BROKER_STATISTICS.values():
            told.set(math.nan)
        async with asyncio.TaskGroup() as group:
            session = group.create_task(self._session.run(stop), name="broker-load")
            hearing = group.create_task(self._hear(), name="broker-load-heard")
            await stop.wait()
            self._session.stop_receiving()
            await asyncio.wait([session, hearing])
        await self._session.close(ends_session=True)

    async def _hear(self) -> None:
        while messages := await self._session.next_batch(100):
            for message in messages:
                self._note(message.topic, message.payload)
            self._session.acknowledge(messages)

    def _note(self, topic: str, payload: bytes) -> None:
        try:
            value = float(payload)
        except ValueError:
            log.warning("broker_statistics_unreadable", topic=topic, payload=payload[:100])
            return
        BROKER_STATISTICS[topic].set(value)

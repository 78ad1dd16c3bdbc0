# SPDX-License-Identifier: EUPL-1.2
"""Brings committed alerts to the broker; a worker of every service that has alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from prometheus_client import Gauge

from stadttakt_messages.topics import Topics
from stadttakt_runtime.alerts import storage
from stadttakt_runtime.alerts.wire import outgoing
from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection
from stadttakt_runtime.turns import Turns

LOOK_EVERY_S = 1.0
COUNT_EVERY_LOOKS = 10
AT_ONCE = 500

OPEN_ALERTS = Gauge("stadttakt_alerts_open", "Open alerts", ["kind"])

# Two processes of one service must not overtake each other on a topic. The transaction that holds
# the turn has written nothing while it waits for the broker: only who wants the turn waits for it.
TRY_TURN = "select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.publisher', 0))"
WAIT_TURN = "select pg_advisory_xact_lock(hashtextextended(current_schema() || '.publisher', 0))"


class AlertPublisher:
    """Publishes each change of an alert once it is committed, also if a process died in between.

    The table is the outbox: a row whose `published_change` lies behind its `change` is sent, in
    the order of changes. A new connection may be to a broker that forgot, so all open alerts, and
    what was cleared within a day, are sent again on it; and so they are after a turn that ended
    before the broker's acknowledgement: what came late may have overtaken another process's word.
    """

    def __init__(
        self, database: Database, mqtt: MqttConnection, *, service: str, topics: Topics
    ) -> None:
        self._database = database
        self._mqtt = mqtt
        self._service = service
        self._topics = topics
        self._told_epoch = 0
        self._turns = Turns(mqtt)
        self._kinds: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`; cut off there, since a broker that is away would be waited for."""
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(self._run(), name="alerts")
            await stop.wait()
            publishing.cancel()

    async def _run(self) -> None:
        looks = 0
        while True:
            if self._mqtt.is_connected:
                await self.publish_changes()
            if looks % COUNT_EVERY_LOOKS == 0:
                await self._count()
            looks += 1
            await asyncio.sleep(LOOK_EVERY_S)

    async def publish_changes(self) -> None:
        """Publish what changed, unless another process of the service is at it."""
        if not self._turns.may_begin():
            return
        epoch = self._mqtt.epoch
        if epoch != self._told_epoch:
            if not await self._database.persist(self._publish_all):
                return
            self._told_epoch = epoch
        while await self._database.persist(self._publish_changed):
            pass

    async def _publish_all(self, connection: Any) -> bool:
        """Publish all that may be wrong at the broker, in one order: a late clearing must not win."""
        await connection.execute(WAIT_TURN)
        return await self._send(connection, await storage.to_publish_again(connection))

    async def _publish_changed(self, connection: Any) -> bool:
        """Publish some; tell whether there may be more."""
        if not await storage.has_unpublished(connection):
            return False
        if not await connection.fetchval(TRY_TURN):
            return False
        rows = await storage.unpublished(connection, AT_ONCE)
        return await self._send(connection, rows) and len(rows) == AT_ONCE

    async def _send(self, connection: Any, rows: Sequence[Any]) -> bool:
        """Publish and mark; false where the broker takes longer than a turn lasts."""
        # Unless the turn is still ours at the end, all is told again.
        told, self._told_epoch = self._told_epoch, 0
        messages = (outgoing(row, service=self._service, topics=self._topics) for row in rows)
        if not await self._turns.hand_over(messages):
            return False
        await storage.mark_published(connection, rows)
        self._told_epoch = told
        return True

    async def _count(self) -> None:
        counts = await self._database.persist(storage.count_open)
        self._kinds |= counts.keys()
        for kind in self._kinds:
            OPEN_ALERTS.labels(kind).set(counts.get(kind, 0))

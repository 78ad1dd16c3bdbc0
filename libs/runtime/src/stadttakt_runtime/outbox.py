# SPDX-License-Identifier: EUPL-1.2
"""Brings what was committed to the broker, in order: a service's table is the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection, Outgoing
from stadttakt_runtime.turns import Turns

LOOK_EVERY_S = 1.0
AT_ONCE = 500
Row = TypeVar("Row")
# Two processes must not overtake each other on a topic.
TURN = "select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.outbox', 0))"


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """What an outbox asks of its table, each on a connection of its transaction."""

    untold: Callable[[Any, int], Awaitable[Sequence[Row]]]
    message: Callable[[Row], Outgoing]
    mark_told: Callable[[Any, Sequence[Row]], Awaitable[None]]


class Outbox(Generic[Row]):
    """Publishes rows once they are committed; after a crash, or a turn that was too short, again with the same id."""

    def __init__(self, database: Database, mqtt: MqttConnection, table: Table[Row]) -> None:
        self._database = database
        self._mqtt = mqtt
        self._turns = Turns(mqtt)
        self._table = table

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`; cut off there, since a broker that is away would be waited for."""
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(self._run(), name="outbox")
            await stop.wait()
            publishing.cancel()

    async def _run(self) -> None:
        while True:
            while self._mqtt.is_connected and await self.tell_some():
                pass
            await asyncio.sleep(LOOK_EVERY_S)

    async def tell_some(self) -> bool:
        """Publish some, unless some are on their way or another process is at it; tell whether there may be more."""
        return self._turns.may_begin() and await self._database.persist(self._tell)

    async def _tell(self, connection: Any) -> bool:
        if not await connection.fetchval(TURN):
            return False
        found = await self._table.untold(connection, AT_ONCE)
        if not found:
            return False
        if not await self._turns.hand_over(self._table.message(each) for each in found):
            return False
        await self._table.mark_told(connection, found)
        return len(found) == AT_ONCE

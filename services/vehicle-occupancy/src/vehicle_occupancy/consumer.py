# SPDX-License-Identifier: EUPL-1.2
"""From the broker to the keeper: batches in, quarantine beside, acknowledged at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from time import perf_counter

import asyncpg

from stadttakt_runtime.database import is_about_the_data
from stadttakt_runtime.mqtt import Message, MqttConnection
from vehicle_occupancy import metrics
from vehicle_occupancy.intake import Intake, count_taken, rejected
from vehicle_occupancy.keeper import Keeper


class Consumer:
    """One batch is one transaction; it is acknowledged when its states are at the broker.

    The next batch is taken when the one before is committed: what waits for the broker meanwhile
    is bounded by the session's Receive Maximum.
    """

    def __init__(
        self,
        mqtt: MqttConnection,
        intake: Intake,
        keeper: Keeper,
        *,
        batch_size: int,
        linger_s: float,
    ) -> None:
        self._mqtt = mqtt
        self._intake = intake
        self._keeper = keeper
        self._batch_size = batch_size
        self._linger_s = linger_s

    async def run(self) -> None:
        """Consume until the session stops receiving; what is in hand is finished."""
        async with asyncio.TaskGroup() as finishing:
            while messages := await self._mqtt.next_batch(self._batch_size, self._linger_s):
                started = perf_counter()
                metrics.BATCH_SIZE.observe(len(messages))
                receipts = await self._handle(messages)
                finishing.create_task(self._finish(messages, receipts, started))

    async def _finish(
        self, messages: Sequence[Message], receipts: Sequence[Awaitable[None]], started: float
    ) -> None:
        for receipt in receipts:
            await receipt
        self._mqtt.acknowledge(messages)
        metrics.PUBLISH_LAG.observe(perf_counter() - started)

    async def _handle(self, messages: Sequence[Message]) -> list[Awaitable[None]]:
        """Store and publish; halve the batch where the database blames a row, to the culprit."""
        pairs = [(message.topic, message.payload) for message in messages]
        accepted, refused = await self._intake.read(pairs)
        try:
            receipt = await self._keeper.take(accepted, refused)
        except asyncpg.PostgresError as error:
            if not is_about_the_data(error):
                raise
            return await self._handle_blamed(messages, error)
        count_taken(accepted, refused, way="broker")
        return [receipt]

    async def _handle_blamed(
        self, messages: Sequence[Message], error: Exception
    ) -> list[Awaitable[None]]:
        if len(messages) > 1:
            middle = len(messages) // 2
            first = await self._handle(messages[:middle])
            return first + await self._handle(messages[middle:])
        message = (messages[0].topic, messages[0].payload)
        refused = [rejected(message, "database_refused", str(error))]
        receipt = await self._keeper.take([], refused)
        count_taken([], refused, way="broker")
        return [receipt]

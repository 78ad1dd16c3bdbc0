"""From the broker to the keeper: batches in, quarantine beside, acknowledged at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from time import perf_counter

import asyncpg

from parking_occupancy import metrics
from parking_occupancy.keeper import Keeper
from parking_occupancy.reading import AnyEvent, RefusedError, read_message
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import is_about_the_data
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import Message, MqttConnection
from stadttakt_runtime.rejected import Rejected

log = get_logger(__name__)


class Consumer:
    """One batch is one transaction; it is acknowledged when its states are at the broker.

    The next batch is taken when the one before is committed: what waits for the broker meanwhile
    is bounded by the session's Receive Maximum.
    """

    def __init__(
        self, mqtt: MqttConnection, keeper: Keeper, *, batch_size: int, linger_s: float
    ) -> None:
        self._mqtt = mqtt
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
        accepted, refused = await self._read(messages)
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
        refused = [_rejected(messages[0], "database_refused", str(error))]
        receipt = await self._keeper.take([], refused)
        count_taken([], refused, way="broker")
        return [receipt]

    async def _read(self, messages: Sequence[Message]) -> tuple[list[AnyEvent], list[Rejected]]:
        read: list[tuple[Message, AnyEvent]] = []
        refused: list[Rejected] = []
        now = utc_now()
        for message in messages:
            try:
                read.append((message, read_message(message.topic, message.payload, now)))
            except RefusedError as error:
                refused.append(_rejected(message, error.reason, error.detail))
        refusals = [self._keeper.refusal(event) for _, event in read]
        if any(refusals):
            # What they are about may have been configured a moment ago.
            await self._keeper.reload_configuration()
            refusals = [self._keeper.refusal(event) for _, event in read]
        accepted: list[AnyEvent] = []
        for (message, event), refusal in zip(read, refusals, strict=True):
            if refusal is None:
                accepted.append(event)
            else:
                refused.append(_rejected(message, *refusal))
        return accepted, refused


def _rejected(message: Message, reason: str, detail: str) -> Rejected:
    # PostgreSQL's text holds no NUL; the payload column has the bytes as they came.
    clean = detail.replace("\0", "\\0")[:1000]
    return Rejected(message.topic, message.payload, reason, clean, utc_now())


def count_taken(accepted: Sequence[AnyEvent], refused: Sequence[Rejected], *, way: str) -> None:
    """Count and log what became of messages."""
    metrics.OBSERVATIONS.labels(way).inc(len(accepted))
    for message in refused:
        metrics.REJECTED.labels(message.reason).inc()
        log.warning(
            "rejected",
            reason=message.reason,
            detail=message.detail[:200],
            topic=message.topic[:200],
            bytes=len(message.payload),
        )

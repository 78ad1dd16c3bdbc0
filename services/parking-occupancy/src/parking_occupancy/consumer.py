# SPDX-License-Identifier: EUPL-1.2
"""From the broker to the keeper: batches in, quarantine beside, acknowledged at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from time import perf_counter

import asyncpg

from parking_occupancy import metrics
from parking_occupancy.keeper import Keeper, NotConfiguredError
from parking_occupancy.reading import AnyEvent, RefusedError, read_message
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import is_about_the_data
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import Message, MqttConnection
from stadttakt_runtime.rejected import Rejected

log = get_logger(__name__)

READ_AT_ONCE = 250
Read = tuple[Message, AnyEvent | RefusedError]
"""A message, and its observation or why it is none."""


class Consumer:
    """One batch is one transaction; it is acknowledged when its states are at the broker.

    The next batch is stored when the one before is committed: what waits for the broker meanwhile
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
        async with asyncio.TaskGroup() as group:
            while messages := await self._mqtt.next_batch(self._batch_size, self._linger_s):
                received = perf_counter()
                metrics.BATCH_SIZE.observe(len(messages))
                receipts = await self._handle(await _read_all(messages))
                # Without what was read: up to the Receive Maximum waits for the broker here.
                group.create_task(self._finish(messages, received, receipts))

    async def _finish(
        self, messages: Sequence[Message], received: float, receipts: Sequence[Awaitable[None]]
    ) -> None:
        for receipt in receipts:
            await receipt
        self._mqtt.acknowledge(messages)
        metrics.PUBLISH_LAG.observe(perf_counter() - received)

    async def _handle(self, read: Sequence[Read]) -> list[Awaitable[None]]:
        """Store and publish; halve the batch where the database blames a row, to the culprit."""
        accepted, refused = await self._sorted(read)
        try:
            receipt = await self._keeper.take(accepted, refused)
        except NotConfiguredError:
            # Another configuration was taken over while this waited for its turn.
            return await self._handle(read)
        except asyncpg.PostgresError as error:
            if not is_about_the_data(error):
                raise
            return await self._handle_blamed(read, error)
        count_taken(accepted, refused, way="broker")
        return [receipt]

    async def _handle_blamed(self, read: Sequence[Read], error: Exception) -> list[Awaitable[None]]:
        if len(read) > 1:
            middle = len(read) // 2
            first = await self._handle(read[:middle])
            return first + await self._handle(read[middle:])
        refused = [_rejected(read[0][0], "database_refused", str(error))]
        receipt = await self._keeper.take([], refused)
        count_taken([], refused, way="broker")
        return [receipt]

    async def _sorted(self, read: Sequence[Read]) -> tuple[list[AnyEvent], list[Rejected]]:
        """Return what can be taken as the city is configured, and what cannot."""
        given = [(message, event) for message, event in read if not isinstance(event, RefusedError)]
        refused = [
            _rejected(message, event.reason, event.detail)
            for message, event in read
            if isinstance(event, RefusedError)
        ]
        refusals = [self._keeper.refusal(event) for _, event in given]
        if any(refusals):
            # What they are about may have been configured a moment ago.
            await self._keeper.reload_configuration()
            refusals = [self._keeper.refusal(event) for _, event in given]
        accepted: list[AnyEvent] = []
        for (message, event), refusal in zip(given, refusals, strict=True):
            if refusal is None:
                accepted.append(event)
            else:
                refused.append(_rejected(message, *refusal))
        return accepted, refused


async def _read_all(messages: Sequence[Message]) -> list[Read]:
    """Read messages in parts, so that others have their turn between."""
    read: list[Read] = []
    for start in range(0, len(messages), READ_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        now = utc_now()
        read += [(each, _read(each, now)) for each in messages[start : start + READ_AT_ONCE]]
    return read


def _read(message: Message, now: datetime) -> AnyEvent | RefusedError:
    try:
        return read_message(message.topic, message.payload, now)
    except RefusedError as error:
        return error
    # A fault of ours; the broker would bring the message again, and the service would end at it each time.
    except Exception as error:
        log.exception("reader_failed", topic=message.topic[:200])
        return RefusedError("reader_failed", f"{type(error).__name__}: {error}")


def _rejected(message: Message, reason: str, detail: str) -> Rejected:
    return rejected(message.topic, message.payload, reason, detail)


def rejected(topic: str, payload: bytes, reason: str, detail: str) -> Rejected:
    """Return a message for the quarantine."""
    # PostgreSQL's text holds no NUL; the payload column has the bytes as they came.
    clean = detail.replace("\0", "\\0")[:1000]
    return Rejected(topic, payload, reason, clean, utc_now())


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

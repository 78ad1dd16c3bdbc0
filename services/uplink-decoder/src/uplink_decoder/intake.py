# SPDX-License-Identifier: EUPL-1.2
"""Webhook messages on their way into the pipeline: a bounded queue, an answer once it is safe."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from uplink_decoder.decode import Inbound
from uplink_decoder.domain.ledger import Hold, Ledger
from uplink_decoder.pipeline import Pipeline

CAPACITY = 2000
ANSWER_WITHIN_S = 8.0
"""The Things Stack gives up on a webhook after 10 seconds."""


class IntakeFullError(RuntimeError):
    """More webhook messages wait than the decoder can store in time."""


class _Waiting(NamedTuple):
    inbound: Inbound
    done: asyncio.Future[None]
    hold: Hold


class Intake:
    """Collects concurrent webhook calls into the pipeline's batches."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue(CAPACITY)
        self._waiting: Counter[str] = Counter()
        self.ledger = Ledger()

    async def submit(self, inbound: Inbound) -> None:
        """Return once the message is durably stored and its observations are published.

        Raises:
            IntakeFullError: the queue is full, or this source's part of it.
            TimeoutError: not stored in time; the sender should try again.

        """
        source = inbound.origin.source
        if self._waiting[source.source_id] >= source.limits.webhook_waiting:
            raise IntakeFullError
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(_Waiting(inbound, done, self.ledger.hold([inbound])))
        except asyncio.QueueFull:
            raise IntakeFullError from None
        self._waiting[source.source_id] += 1
        self.ledger.enter([inbound])
        await asyncio.wait_for(done, ANSWER_WITHIN_S)

    async def submit_all(self, inbound: Sequence[Inbound]) -> None:
        """Return once all are stored and published, however long that takes.

        Where the queue is full it waits for a place. What is in the queue when the caller gives
        up is stored all the same.
        """
        done: list[asyncio.Future[None]] = []
        for each in inbound:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            await self._queue.put(_Waiting(each, future, self.ledger.hold([each])))
            self._waiting[each.origin.source.source_id] += 1
            self.ledger.enter([each])
            done.append(future)
        await asyncio.gather(*done)

    async def run(self, pipeline: Pipeline, batch_size: int) -> None:
        """Hand what is there to the pipeline until `finish`."""
        while first := await self._queue.get():
            batch = [first]
            while len(batch) < batch_size and not self._queue.empty():
                following = self._queue.get_nowait()
                if following is None:
                    await self._queue.put(None)
                    break
                batch.append(following)
            await self._hand_over(pipeline, batch)

    async def finish(self) -> None:
        """Let `run` end after what waits now."""
        await self._queue.put(None)

    async def _hand_over(self, pipeline: Pipeline, batch: list[_Waiting]) -> None:
        def when_safe(positions: Sequence[int]) -> None:
            for position in positions:
                if not batch[position].done.done():
                    batch[position].done.set_result(None)

        for waiting in batch:
            self._waiting[waiting.inbound.origin.source.source_id] -= 1
            self.ledger.release(waiting.hold)
        await pipeline.handle([waiting.inbound for waiting in batch], when_safe)

# SPDX-License-Identifier: EUPL-1.2
"""From the broker into the pipeline: which source, which messages are suspects, when to acknowledge."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import NamedTuple

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import Message, MqttConnection
from uplink_decoder.decode import Inbound
from uplink_decoder.domain.ledger import Hold
from uplink_decoder.domain.uplink import fingerprint
from uplink_decoder.pipeline import Pipeline
from uplink_decoder.receipts import Receipt, Receipts
from uplink_decoder.sources import Origin, SourceTable
from uplink_decoder.storage import quarantine
from uplink_decoder.trial import survives

log = get_logger(__name__)
DEATHS_BEFORE_TRIAL = 3
DEATHS_BEFORE_QUARANTINE = 10
"""Even of what survives its trial, lest it keep the process from working for ever."""


class _Taken(NamedTuple):
    receipt: Receipt
    inbound: Inbound

    @property
    def message(self) -> Message:
        return self.receipt.message


class Consumer:
    """Takes batches from one MQTT session; acknowledges what the pipeline calls safe."""

    def __init__(
        self,
        *,
        mqtt: MqttConnection,
        pipeline: Pipeline,
        sources: SourceTable,
        database: Database,
        batch_size: Callable[[], int],
        linger_s: float,
    ) -> None:
        self._mqtt = mqtt
        self._receipts = Receipts(mqtt.acknowledge)
        self._pipeline = pipeline
        self._sources = sources
        self._database = database
        self._batch_size = batch_size
        self._linger_s = linger_s
        self._ledger = pipeline.ledger
        self._cleared: list[uuid.UUID] = []

    @property
    def in_hand(self) -> int:
        """How many messages were taken and are not acknowledged."""
        return len(self._receipts)

    async def run(self, *, after_death: bool) -> None:
        """Consume until the session stops receiving; what is in hand is finished.

        Only what was in flight when the process before this one died is suspect: that is what
        comes repeated on the first connection. A repetition after a mere reconnect is not.
        """
        while messages := await self._mqtt.next_batch(self._batch_size(), self._linger_s):
            receipts = self._receipts.take(messages)
            taken = [_Taken(receipt, self._inbound(receipt.message)) for receipt in receipts]
            self._ledger.enter([each.inbound for each in taken])
            repeated = [t for t in taken if after_death and t.message.dup and t.message.epoch == 1]
            if repeated:
                suspects = {id(each.message) for each in repeated}
                taken = [each for each in taken if id(each.message) not in suspects]
                hold = self._ledger.hold([each.inbound for each in taken])
                await self._handle_repeated(repeated)
                self._ledger.release(hold)
            await self._handle(taken, [])

    async def forget_cleared(self) -> None:
        """Delete suspects whose messages were handled after all."""
        cleared, self._cleared = self._cleared, []
        if cleared:
            await self._database.persist(lambda c: quarantine.clear_suspects(c, cleared))

    async def _handle(self, taken: Sequence[_Taken], prints: Sequence[uuid.UUID]) -> None:
        if not taken:
            return

        def when_safe(positions: Sequence[int]) -> None:
            self._receipts.settle(taken[position].receipt for position in positions)
            self._cleared.extend(prints[position] for position in positions if prints)

        await self._pipeline.handle([each.inbound for each in taken], when_safe)

    async def _handle_repeated(self, repeated: Sequence[_Taken]) -> None:
        """Handle repeated deliveries with care, since one of them may have killed the process.

        What is delivered again for the first time is handled together; what was in flight at two
        deaths is handled alone; at the third it is tried in a process of its own and quarantined
        if that dies too, so that no message can keep the process from starting, and none is
        blamed for what killed the process from outside.
        """
        prints = {id(each): _fingerprint(each.message) for each in repeated}
        holds = {id(each): self._ledger.hold([each.inbound]) for each in repeated}
        known = list(prints.values())
        deaths = await self._database.persist(lambda c: quarantine.known_suspects(c, known))
        first_time = [each for each in repeated if prints[id(each)] not in deaths]
        again = [each for each in repeated if prints[id(each)] in deaths]
        for each in again:
            await self._handle_alone(each, prints[id(each)], holds.pop(id(each)))
        if first_time:
            noted = [prints[id(each)] for each in first_time]
            unique = list(set(noted))
            await self._database.persist(lambda c: quarantine.note_suspects(c, unique))
            # From here on the pipeline holds them.
            holds.clear()
            await self._handle(first_time, noted)

    async def _handle_alone(self, taken: _Taken, print_: uuid.UUID, hold: Hold) -> None:
        """Handle one suspect to its end before the next, so that only it is blamed for a death."""
        message, inbound = taken.message, taken.inbound
        deaths = await self._database.persist(lambda c: quarantine.note_suspects(c, [print_]))
        safe = asyncio.Event()

        def when_safe(_: Sequence[int]) -> None:
            self._receipts.settle([taken.receipt])
            # How often poison killed stays known, for who looks into the quarantine.
            if not is_poison:
                self._cleared.append(print_)
            safe.set()

        is_poison = await self._is_poison(inbound, deaths[print_])
        self._ledger.release(hold)
        if is_poison:
            log.error("poison_quarantined", topic=message.topic, bytes=len(message.payload))
            detail = f"in flight at {deaths[print_]} deaths of the process"
            await self._pipeline.reject(inbound, "poison", detail, when_safe)
        else:
            await self._pipeline.handle([inbound], when_safe)
        await safe.wait()

    async def _is_poison(self, inbound: Inbound, deaths: int) -> bool:
        if deaths < DEATHS_BEFORE_TRIAL:
            return False
        if deaths >= DEATHS_BEFORE_QUARANTINE:
            return True
        return not await survives(lambda: self._pipeline.rehearse(inbound))

    def _inbound(self, message: Message) -> Inbound:
        origin = self._sources.of_topic(message.topic)
        if origin is None:
            # A session keeps the subscriptions of an earlier configuration.
            origin = Origin(self._sources.stranger, None, None, "")
        return Inbound(origin, message.topic, message.payload, utc_now())


def _fingerprint(message: Message) -> uuid.UUID:
    return fingerprint([message.topic.encode(), message.payload])

"""Brings what is shown to the broker as retained state: newest version only, one group at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from parking_occupancy import metrics, wire
from parking_occupancy.board import Board, Report
from parking_occupancy.domain.bay import BayReport
from parking_occupancy.entity import Entity
from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.mqtt import MqttConnection, Outgoing

AT_ONCE = 1000


class Publisher:
    """Coalesces: while a group is on its way, an entity that changes ten times waits once.

    So memory stays bounded while the broker is away, and what is sent is rendered when it is sent.
    """

    def __init__(self, board: Board, mqtt: MqttConnection, topics: Topics) -> None:
        self._board = board
        self._mqtt = mqtt
        self._topics = topics
        self._wanted: dict[Entity, None] = {}
        self._arrived = asyncio.Event()
        self._next: asyncio.Future[None] | None = None

    def offer(self, entities: Iterable[Entity]) -> asyncio.Future[None]:
        """Publish what is shown of these; the future ends when the broker acknowledged all.

        What expired before it could be sent is left out: a newer version follows.
        """
        self._wanted.update(dict.fromkeys(entities))
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        self._arrived.set()
        return self._next

    async def run(self) -> None:
        """Publish for ever; the owner cancels it when nobody offers any more."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            done, self._next = self._next, None
            group, self._wanted = self._wanted, {}
            await self._send(list(group))
            if done is not None:
                done.set_result(None)

    async def _send(self, group: Sequence[Entity]) -> None:
        receipts = []
        for start in range(0, len(group), AT_ONCE):
            outgoing = self._rendered(group[start : start + AT_ONCE])
            receipts.append(self._mqtt.publish_all(outgoing))
            # All of a city is rendered at its start; a loop that stands still loses the lead.
            await asyncio.sleep(0)
        for receipt in receipts:
            await receipt

    def _rendered(self, entities: Iterable[Entity]) -> list[Outgoing]:
        """Return the messages of some entities."""
        now = utc_now()
        outgoing: list[Outgoing] = []
        kinds: Counter[str] = Counter()
        for entity in entities:
            report = self._board.report(entity)
            if isinstance(report, BayReport) and report.bay.personal:
                continue
            message = self._render(entity, report, self._board.mark(entity).version, now)
            if message is not None:
                outgoing.append(message)
                kinds[entity.kind] += 1
        for kind, count in kinds.items():
            metrics.PUBLISHED.labels(kind).inc(count)
        return outgoing

    def _render(
        self, entity: Entity, report: Report | None, version: int, now: datetime
    ) -> Outgoing | None:
        """Return the message, an empty one for what is gone, none for what is over."""
        topic = self._topics.state(entity.kind, entity.id)
        if report is None:
            return Outgoing(topic, b"", retain=True)
        if report.valid_until <= now:
            return None
        expiry_s = int((report.valid_until - now).total_seconds())
        payload = wire.event(entity, report, version, self._board.signatures)
        return Outgoing(topic, payload, retain=True, expiry_s=max(1, expiry_s))

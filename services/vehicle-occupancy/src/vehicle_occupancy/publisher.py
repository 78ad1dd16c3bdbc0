# SPDX-License-Identifier: EUPL-1.2
"""Brings what is shown to the broker as retained state: newest version only, one group at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.mqtt import MqttConnection, Outgoing
from stadttakt_runtime.tracing import Span, Traces
from vehicle_occupancy import metrics, wire
from vehicle_occupancy.board import Board
from vehicle_occupancy.entity import Entity

NO_CAUSES: Mapping[Entity, str] = {}


class Publisher:
    """Coalesces: while a group is on its way, an entity that changes ten times waits once.

    So memory stays bounded while the broker is away, and what is sent is rendered when it is sent.
    """

    def __init__(self, board: Board, mqtt: MqttConnection, topics: Topics, traces: Traces) -> None:
        self._board = board
        self._mqtt = mqtt
        self._topics = topics
        self._traces = traces
        self._wanted: dict[Entity, str | None] = {}
        self._flying: set[Entity] = set()
        self._arrived = asyncio.Event()
        self._next: asyncio.Future[None] | None = None
        self._acknowledged: dict[Entity, int] = {}

    def offer(
        self, entities: Iterable[Entity], causes: Mapping[Entity, str] = NO_CAUSES
    ) -> asyncio.Future[None]:
        """Publish what is shown of these; the future ends when the broker acknowledged all.

        What expired before it could be sent is left out: a newer version follows. `causes` are the
        `traceparent` of messages that stand behind some.
        """
        self._wanted.update((entity, causes.get(entity)) for entity in entities)
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        self._arrived.set()
        return self._next

    def is_under_way(self, entity: Entity) -> bool:
        """Tell whether an entity waits or is being sent."""
        return entity in self._wanted or entity in self._flying

    def acknowledged(self, entity: Entity) -> int | None:
        """Return the version acknowledged, or over while it waited, since `take_acknowledged`, if any."""
        return self._acknowledged.get(entity)

    def take_acknowledged(self) -> dict[Entity, int]:
        """Return the versions acknowledged since the last call."""
        taken, self._acknowledged = self._acknowledged, {}
        return taken

    async def run(self) -> None:
        """Publish for ever; the owner cancels it when nobody offers any more."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            done, self._next = self._next, None
            group, self._wanted = self._wanted, {}
            self._flying = set(group)
            await self._send(group)
            self._flying = set()
            if done is not None:
                done.set_result(None)

    async def _send(self, group: Mapping[Entity, str | None]) -> None:
        now = utc_now()
        outgoing: list[Outgoing] = []
        sent: dict[Entity, int] = {}
        steps: list[Span] = []
        for entity, cause in group.items():
            step = self._traces.publishing(entity.view, entity.id, cause) if cause else None
            steps += [step] if step else []
            message = self._render(entity, now, str(step.context) if step else cause)
            if message is not None:
                outgoing.append(message)
                metrics.PUBLISHED.labels(entity.view).inc()
                sent[entity] = self._board.mark(entity).version
        await self._mqtt.publish_all(outgoing)
        self._acknowledged.update(sent)
        self._traces.record(step._replace(ended=utc_now()) for step in steps)

    def _render(self, entity: Entity, now: datetime, traceparent: str | None) -> Outgoing | None:
        """Return the message, an empty one for what is gone, none for what is over."""
        if entity.view == "vehicle":
            topic = self._topics.state("vehicle", entity.id)
        else:
            topic = self._topics.vehicle_load(entity.id)
        report = self._board.report(entity)
        if report is None:
            return Outgoing(topic, b"", retain=True)
        if report.valid_until <= now:
            return None
        expiry_s = int((report.valid_until - now).total_seconds())
        payload = wire.event(entity, report, self._board.mark(entity).version, traceparent)
        return Outgoing(topic, payload, retain=True, expiry_s=max(1, expiry_s))

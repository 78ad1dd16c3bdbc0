# SPDX-License-Identifier: EUPL-1.2
"""Brings what is shown to the broker as retained state: newest version only, one group at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from parking_occupancy import metrics, wire
from parking_occupancy.board import Board, Report
from parking_occupancy.domain.bay import BayReport
from parking_occupancy.entity import Entity
from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.mqtt import MqttConnection, Outgoing
from stadttakt_runtime.tracing import Span, Traces

AT_ONCE = 1000
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
        self._arrived = asyncio.Event()
        self._next: asyncio.Future[None] | None = None

    def offer(
        self, entities: Iterable[Entity], causes: Mapping[Entity, str] = NO_CAUSES
    ) -> asyncio.Future[None]:
        """Publish what is shown of these; the future ends when the broker acknowledged all.

        What expired before it could be sent is left out: a newer version follows. `causes` are the
        `traceparent` of observations that stand behind some.
        """
        self._wanted.update((entity, causes.get(entity)) for entity in entities)
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
            await self._send(list(group.items()))
            if done is not None:
                done.set_result(None)

    async def _send(self, group: Sequence[tuple[Entity, str | None]]) -> None:
        receipts, begun = [], utc_now()
        traced: list[Span] = []
        for start in range(0, len(group), AT_ONCE):
            part = group[start : start + AT_ONCE]
            steps = self._steps(part)
            receipts.append(self._mqtt.publish_all(self._rendered(part, steps)))
            traced += steps.values()
            # All of a city is rendered at its start; a loop that stands still loses the lead.
            await asyncio.sleep(0)
        for receipt in receipts:
            await receipt
        self._traces.record(step._replace(began=begun, ended=utc_now()) for step in traced)

    def _steps(self, group: Iterable[tuple[Entity, str | None]]) -> dict[Entity, Span]:
        """Return the steps of sampled traces that this sending is."""
        found = {}
        for entity, cause in group:
            if cause and (step := self._traces.publishing(entity.kind, entity.id, cause)):
                found[entity] = step
        return found

    def _rendered(
        self, group: Iterable[tuple[Entity, str | None]], steps: Mapping[Entity, Span]
    ) -> list[Outgoing]:
        """Return the messages of some entities; who reads one of a sampled trace continues it."""
        now = utc_now()
        outgoing: list[Outgoing] = []
        kinds: Counter[str] = Counter()
        for entity, cause in group:
            report = self._board.report(entity)
            told = str(steps[entity].context) if entity in steps else cause
            message = self._render(entity, report, now, told)
            if message is not None:
                outgoing.append(message)
                kinds[entity.kind] += 1
        for kind, count in kinds.items():
            metrics.PUBLISHED.labels(kind).inc(count)
        return outgoing

    def _render(
        self, entity: Entity, report: Report | None, now: datetime, traceparent: str | None
    ) -> Outgoing | None:
        """Return the message, an empty one for what is gone or hidden, none for what is over."""
        topic = self._topics.state(entity.kind, entity.id)
        if report is None:
            return Outgoing(topic, b"", retain=True)
        if isinstance(report, BayReport) and report.bay.personal:
            # What it was before must go; one that was always a person's is not even named.
            return Outgoing(topic, b"", retain=True) if report.bay.was_public else None
        if report.valid_until <= now:
            return None
        expiry_s = int((report.valid_until - now).total_seconds())
        version = self._board.mark(entity).version
        payload = wire.event(entity, report, version, self._board.signatures, traceparent)
        return Outgoing(topic, payload, retain=True, expiry_s=max(1, expiry_s))

# SPDX-License-Identifier: EUPL-1.2
"""Server-sent events: one broadcaster, many readers, none of whom can hold up another."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from fastapi import Request
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from prometheus_client import Counter, Gauge

from stadttakt_runtime.http.problem import Unavailable

CLIENTS = Gauge("stadttakt_sse_clients", "Open event streams", ["stream"])
DROPPED = Counter(
    "stadttakt_sse_dropped_clients_total",
    "Streams ended since their reader was slow",
    ["stream"],
)
HEARTBEAT_S = 15.0
QUEUE_EVENTS = 64
MAX_CLIENTS = 2_000


class Event(NamedTuple):
    """An event as it goes over the wire."""

    event_id: str
    wire: bytes


Replay = Callable[[str | None], Awaitable[Sequence[Event]]]
"""Given Last-Event-ID, returns what the reader must see first (the present state, or the gap)."""


def make_event(event_id: str, data: str, *, name: str | None = None) -> Event:
    """Format an event once, for all of its readers."""
    return Event(event_id, format_sse_event(data_str=data, event=name, id=event_id))


@dataclass(eq=False, slots=True)
class _Client:
    queue: deque[Event] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False

    def leave(self) -> None:
        self.gone = True
        self.wake.set()


class Broadcaster:
    """Sends events to the open streams of a key; keeps none for later.

    A reader that has not taken 64 events is dropped, counted, and comes back with Last-Event-ID.
    """

    def __init__(
        self,
        stream: str,
        *,
        heartbeat_s: float = HEARTBEAT_S,
        queue_events: int = QUEUE_EVENTS,
        max_clients: int = MAX_CLIENTS,
    ) -> None:
        self._heartbeat_s = heartbeat_s
        self._queue_events = queue_events
        self._max_clients = max_clients
        self._clients: defaultdict[str, set[_Client]] = defaultdict(set)
        self._count = 0
        self._closed = False
        self._gauge = CLIENTS.labels(stream)
        self._dropped = DROPPED.labels(stream)

    def is_watched(self, key: str) -> bool:
        """Tell whether anybody reads the events of `key`."""
        return key in self._clients

    def publish(self, key: str, event: Event) -> None:
        """Queue an event for every reader of `key`; never waits."""
        for client in tuple(self._clients.get(key, ())):
            if len(client.queue) < self._queue_events:
                client.queue.append(event)
                client.wake.set()
            else:
                self._dropped.inc()
                self._forget(key, client)
                client.leave()

    def close(self) -> None:
        """End all streams and refuse new ones."""
        self._closed = True
        for clients in self._clients.values():
            for client in clients:
                client.leave()

    def stream(self, request: Request, key: str, replay: Replay) -> EventSourceResponse:
        """Answer with the events of `key` from now on, after those that `replay` returns."""
        if self._closed or self._count >= self._max_clients:
            raise Unavailable("no further event streams", headers={"retry-after": "5"})
        last_id = request.headers.get("last-event-id")
        return EventSourceResponse(
            self._chunks(key, replay, last_id),
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _chunks(self, key: str, replay: Replay, last_id: str | None) -> AsyncIterator[bytes]:
        client = _Client()
        # Registered before the replay is read, so that nothing falls between the two.
        self._clients[key].add(client)
        self._count += 1
        self._gauge.inc()
        try:
            replayed = await replay(last_id)
            # Begins with a comment, so that a reader without news knows that it is connected.
            yield KEEPALIVE_COMMENT + b"".join(event.wire for event in replayed)
            seen = {event.event_id for event in replayed}
            while not client.gone:
                yield await self._next_chunk(client, seen)
        finally:
            self._forget(key, client)
            self._count -= 1
            self._gauge.dec()

    async def _next_chunk(self, client: _Client, seen: AbstractSet[str]) -> bytes:
        """Return all that is queued, or a comment when nothing came for a heartbeat."""
        try:
            async with asyncio.timeout(self._heartbeat_s):
                await client.wake.wait()
        except TimeoutError:
            return KEEPALIVE_COMMENT
        client.wake.clear()
        chunk = b"".join(event.wire for event in client.queue if event.event_id not in seen)
        client.queue.clear()
        return chunk

    def _forget(self, key: str, client: _Client) -> None:
        clients = self._clients.get(key)
        if clients is not None:
            clients.discard(client)
            if not clients:
                del self._clients[key]

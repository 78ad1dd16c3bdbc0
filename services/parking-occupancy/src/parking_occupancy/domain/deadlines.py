# SPDX-License-Identifier: EUPL-1.2
"""A queue of times at which something must be looked at; one entry for each thing."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from heapq import heappop, heappush
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)


class Deadlines(Generic[Thing]):
    """Keeps one time for each thing, in time order.

    A time that moves further away costs nothing: the old entry stays and is put back when its
    turn comes. So a bay that reports every minute does not fill the heap.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Thing]] = []
        self._queued: dict[Thing, datetime] = {}
        self._wanted: dict[Thing, datetime] = {}
        self._pushed = 0

    def __len__(self) -> int:
        """Return how many entries the heap holds."""
        return len(self._heap)

    def set(self, thing: Thing, at: datetime) -> None:
        """Look at a thing at this time, instead of any time said before."""
        self._wanted[thing] = at
        queued = self._queued.get(thing)
        if queued is None or at < queued:
            self._push(thing, at)

    def forget(self, thing: Thing) -> None:
        """Look at a thing no more."""
        self._wanted.pop(thing, None)
        self._queued.pop(thing, None)

    def next_at(self) -> datetime | None:
        """Return a time before which nothing is due."""
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: datetime, limit: int) -> list[Thing]:
        """Return at most `limit` things whose time has come; each must be set anew."""
        due: list[Thing] = []
        while self._heap and self._heap[0][0] <= now and len(due) < limit:
            at, _, thing = heappop(self._heap)
            if self._queued.get(thing) != at:
                continue
            del self._queued[thing]
            wanted = self._wanted[thing]
            if wanted <= now:
                due.append(thing)
            else:
                self._push(thing, wanted)
        return due

    def _push(self, thing: Thing, at: datetime) -> None:
        self._queued[thing] = at
        self._pushed += 1
        heappush(self._heap, (at, self._pushed, thing))

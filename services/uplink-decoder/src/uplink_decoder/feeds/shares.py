# SPDX-License-Identifier: EUPL-1.2
"""How much a connection may take at its turn, so that one that floods leaves room for the others.

Turns are equal: each connection has one batch at the pipeline's door, where it is first come, first
served. What differs is the size of a batch: by weight among those that have something waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lane:
    """One connection: its weight and how many messages wait in it."""

    weight: int
    waiting: Callable[[], int]


class Shares:
    """The connections that share the pipeline."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._lanes: list[Lane] = []

    def join(self, weight: int, waiting: Callable[[], int]) -> Callable[[], int]:
        """Take a connection in; return what tells the size of its next batch."""
        lane = Lane(weight, waiting)
        self._lanes.append(lane)
        return lambda: self._size(lane)

    def _size(self, lane: Lane) -> int:
        competing = sum(
            other.weight for other in self._lanes if other is not lane and other.waiting()
        )
        return max(1, self._batch_size * lane.weight // (lane.weight + competing))

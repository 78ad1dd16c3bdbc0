# SPDX-License-Identifier: EUPL-1.2
"""Parts of batches whose scripts took long: collected when they are done, in any order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from uplink_decoder.decode import Outcome
from uplink_decoder.decoding import Running
from uplink_decoder.domain.ledger import Hold

GATHER_S = 0.005
WhenSafe = Callable[[Sequence[int]], None]


class Part(NamedTuple):
    """Outcomes of one batch with their positions there, and whom to tell once they are safe."""

    positions: Sequence[int]
    outcomes: Sequence[Outcome]
    when_safe: WhenSafe


class Stragglers:
    """What still runs; its number is bounded by whoever takes messages in."""

    def __init__(self) -> None:
        self._running = 0
        self._done: deque[tuple[Running, WhenSafe, Hold]] = deque()
        self._changed = asyncio.Event()
        self._finishing = False

    def add(self, running: Running, when_safe: WhenSafe, hold: Hold) -> None:
        """Await these scripts beside everything else."""
        self._running += 1

        def done(_: object) -> None:
            self._running -= 1
            self._done.append((running, when_safe, hold))
            self._changed.set()

        running.answers.add_done_callback(done)

    async def next_parts(self) -> list[tuple[Part, Hold]]:
        """Return what is done, waiting for the first; nothing once all is done after `finish`."""
        while not self._done:
            if self._finishing and not self._running:
                return []
            self._changed.clear()
            await self._changed.wait()
        # Others that end about now share the transaction.
        await asyncio.sleep(GATHER_S)
        parts = []
        while self._done:
            running, when_safe, hold = self._done.popleft()
            parts.append((Part(running.positions, running.outcomes(), when_safe), hold))
        return parts

    def finish(self) -> None:
        """Let `next_parts` end when nothing runs any more."""
        self._finishing = True
        self._changed.set()

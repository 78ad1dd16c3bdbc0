# SPDX-License-Identifier: EUPL-1.2
"""Keeps work that can wait behind live traffic: it shares the event loop and the database with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from stadttakt_runtime.process import pause

RESTS = 9.0
"""So many times as long as it worked.

A tenth of the time is enough for what 20,000 bays leave to count: 500 lots need 2 of 300 s.
"""
LONGEST_REST_S = 10.0


class Courtesy:
    """Makes one kind of work rest while observations wait; each kind has its own."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._waiting = waiting
        self._worked_s = 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Measure a piece of work."""
        began = monotonic()
        try:
            yield
        finally:
            self._worked_s = monotonic() - began

    async def give_way(self, stop: asyncio.Event) -> None:
        """Rest if anything waits, in proportion to the piece of work before; never for ever."""
        if self._waiting():
            await pause(stop, min(RESTS * self._worked_s, LONGEST_REST_S))

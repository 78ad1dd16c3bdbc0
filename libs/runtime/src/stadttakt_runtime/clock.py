# SPDX-License-Identifier: EUPL-1.2
"""The one place that reads the clock; domain code gets `now` as an argument."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from time import monotonic

SET_BACK = timedelta(seconds=1)
"""Less is a clock that is slewed, which steps never."""


class Clock:
    """The middle of three that tell the time, any one of which may be wrong or jump (decision 0074).

    They are the machine's clock; the database's, as it was seen last; and what was told at that moment. Monotonic time
    carries the latter two on. Until the database's was seen there is the machine's alone; then the database's holds at
    first, so that all services begin alike.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, ticks: Callable[[], float] = monotonic
    ) -> None:
        self._wall, self._ticks = wall, ticks
        self._database: float | None = None
        self._told = 0.0

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.fromtimestamp(self._now_s(), UTC)

    def off_s(self) -> Mapping[str, float]:
        """Return by how many seconds the machine's clock and the database's are ahead of what is told; below 0: behind."""
        told, wall, ticks = self._now_s(), self._wall(), self._ticks()
        database = told if self._database is None else self._database + ticks
        return {"machine": wall - told, "database": database - told}

    def seen(self, database: datetime, ticks: float) -> float:
        """Take note of what the database's clock told at a moment of monotonic time.

        Returns by how many seconds time stepped with it: it follows where both clocks step alike.
        """
        first = self._database is None
        self._database = database.timestamp() - ticks
        if first:
            self._told = self._database
        before = self._told
        self._told = self._now_s() - self._ticks()
        return 0.0 if first else self._told - before

    def _now_s(self) -> float:
        if self._database is None:
            return self._wall()
        ticks, wall = self._ticks(), self._wall()
        earlier, later = self._told + ticks, self._database + ticks
        if earlier > later:
            earlier, later = later, earlier
        return min(max(wall, earlier), later)


CLOCK = Clock()
"""Of this process."""


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return CLOCK.now()


class ClockWatch:
    """Notices that the wall clock was set back: what was decided in a future that never was must be decided anew.

    A clock that is set forward needs no notice: what is due then is due.
    """

    def __init__(self) -> None:
        self._started = self._offset(utc_now(), monotonic())

    def was_set_back(self, now: datetime | None = None, ticks: float | None = None) -> bool:
        """Return whether the clock was set back since the last call."""
        before = self._started
        self._started = self._offset(now or utc_now(), monotonic() if ticks is None else ticks)
        return self._started < before - SET_BACK

    @staticmethod
    def _offset(now: datetime, ticks: float) -> datetime:
        return now - timedelta(seconds=ticks)

# SPDX-License-Identifier: EUPL-1.2
"""The one place that reads the clock; domain code gets `now` as an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic

SET_BACK = timedelta(seconds=1)
"""Less is a clock that is slewed, which steps never."""


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(tz=UTC)


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

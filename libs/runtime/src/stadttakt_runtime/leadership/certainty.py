# SPDX-License-Identifier: EUPL-1.2
"""Whether a leader may answer: one that stood still may have been replaced without noticing.

A process that is stopped, swapped out or whose event loop is held wakes up with what it knew before.
Until the database has confirmed its lead anew it must not tell that to anybody.
"""

from __future__ import annotations

from time import monotonic

TICK_EVERY_S = 0.2
STOOD_STILL_S = 1.5
"""Shorter than any take-over: a standby waits longer for a sign of life before it begins."""


class Certainty:
    """Ticks of the event loop, and whether the lead was confirmed since they last failed to come.

    That the database is away is no reason to doubt: nobody can take over without it.
    """

    def __init__(self) -> None:
        self._ticked: float | None = None
        self._doubted_since: float | None = None

    def begin(self, now: float) -> None:
        """Note that this instance leads from now on."""
        self._ticked, self._doubted_since = now, None

    def tick(self, now: float) -> float:
        """Note that the event loop turns; return for how long it did not, 0 where that raises no doubt.

        All times are monotonic seconds.
        """
        stood = 0.0 if self._ticked is None else now - self._ticked
        self._ticked = now
        if stood <= STOOD_STILL_S:
            return 0.0
        self._doubted_since = now
        return stood

    def confirm(self, begun: float) -> None:
        """End the doubt by an answer to what was asked at `begun`: one from before proves nothing."""
        if self._doubted_since is not None and begun > self._doubted_since:
            self._doubted_since = None

    def holds(self, now: float | None = None) -> bool:
        """Return whether nobody else can lead by now."""
        if self._ticked is None or self._doubted_since is not None:
            return False
        return (monotonic() if now is None else now) - self._ticked <= STOOD_STILL_S

# SPDX-License-Identifier: EUPL-1.2
"""Circuit breaker per codec version: who ran into limits is suspended and probed; owns no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

HITS_TO_SUSPEND = 3
WINDOW_S = 60.0
FIRST_PAUSE_S = 30.0
LONGEST_PAUSE_S = 3600.0


@dataclass(slots=True)
class _State:
    hits: deque[float] = field(default_factory=deque)
    pause_s: float = FIRST_PAUSE_S
    suspended_until: float | None = None
    probing_since: float | None = None


class Breaker:
    """Remembers the limit hits of each key; times are seconds of any one clock that only grows."""

    def __init__(self) -> None:
        self._states: dict[Hashable, _State] = {}

    @property
    def suspended(self) -> int:
        """How many keys are suspended, those being probed included."""
        return sum(state.suspended_until is not None for state in self._states.values())

    def is_clean(self, key: Hashable) -> bool:
        """Tell whether nothing speaks against a key."""
        return key not in self._states

    def allows(self, key: Hashable, now: float) -> bool:
        """Tell whether to run; after a pause one frame at a time is let through to probe."""
        state = self._states.get(key)
        if state is None or state.suspended_until is None:
            return True
        if now < state.suspended_until:
            return False
        if state.probing_since is not None and now - state.probing_since < WINDOW_S:
            return False
        state.probing_since = now
        return True

    def succeeded(self, key: Hashable, now: float) -> bool:
        """Note a frame that kept within the limits; tell whether that ends a suspension.

        The pause stays as long as it has grown until the key was clean for a window.
        """
        state = self._states.get(key)
        if state is None:
            return False
        ended = state.suspended_until is not None
        state.suspended_until = state.probing_since = None
        _forget(state.hits, now)
        if not state.hits and not ended:
            del self._states[key]
        elif ended:
            state.hits.append(now)
        return ended

    def failed(self, key: Hashable, now: float) -> bool:
        """Note a limit hit; tell whether the key is suspended by it."""
        state = self._states.setdefault(key, _State())
        _forget(state.hits, now)
        state.hits.append(now)
        if state.probing_since is not None:
            state.pause_s = min(state.pause_s * 2, LONGEST_PAUSE_S)
        elif state.suspended_until is not None or len(state.hits) < HITS_TO_SUSPEND:
            return False
        self._suspend(state, now + state.pause_s)
        return True

    def _suspend(self, state: _State, until: float) -> None:
        state.suspended_until = until
        state.probing_since = None
        state.hits.clear()


def _forget(hits: deque[float], now: float) -> None:
    while hits and now - hits[0] > WINDOW_S:
        hits.popleft()

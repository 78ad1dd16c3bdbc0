# SPDX-License-Identifier: EUPL-1.2
"""When an answer must be looked at again, so that it is renewed well before it expires."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

_LOOK_AFTER = 0.45
_RENEW_BELOW = 0.6
_LAST_LOOK = timedelta(seconds=2)


class Answer(Protocol):
    """Anything that holds from a time until a time."""

    @property
    def computed_at(self) -> datetime:
        """Return when it was computed."""

    @property
    def valid_until(self) -> datetime:
        """Return until when it holds."""


def next_look(shown: Answer, now: datetime) -> datetime:
    """Return when to look again: before half of what is left is over, at last when it expires.

    An answer that cannot be prolonged yet is looked at ever more often, down to two seconds.
    """
    left = shown.valid_until - now
    return shown.valid_until if left <= _LAST_LOOK else now + left * _LOOK_AFTER


def replaces(fresh: Answer, shown: Answer, hold: timedelta) -> bool:
    """Return whether an answer of equal content must take the place of the shown one."""
    if fresh.valid_until < shown.valid_until:
        return True
    left = shown.valid_until - fresh.computed_at
    return left <= hold * _RENEW_BELOW and fresh.valid_until > shown.valid_until

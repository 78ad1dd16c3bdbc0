# SPDX-License-Identifier: EUPL-1.2
"""What a bay must show after what was told of it, by arithmetic of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Bay(NamedTuple):
    """What a bay must show, and the observation that says so."""

    state: str
    since: datetime
    measured_at: datetime
    event_id: str


class Word(NamedTuple):
    """What was told of a bay; of one moment the greater event is the later one."""

    at: datetime
    event_id: str
    occupied: bool


def newest(heard: Iterable[Word]) -> Bay:
    """Return what the newest word says, and since when all words say so."""
    latest, *before = sorted(heard, reverse=True)
    since = latest.at
    for each in before:
        if each.occupied != latest.occupied:
            break
        since = each.at
    return Bay("occupied" if latest.occupied else "free", since, latest.at, latest.event_id)

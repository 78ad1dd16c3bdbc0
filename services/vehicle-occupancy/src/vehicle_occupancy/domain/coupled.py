# SPDX-License-Identifier: EUPL-1.2
"""Vehicles that leave a stop together on one trip, as coupled ones do: summed up, or not known; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import floor
from typing import NamedTuple, TypeVar

TOGETHER = timedelta(minutes=2)
"""Vehicles of one trip that leave a stop no further apart are one departure; others took turns."""
LEVELS = ("low", "medium", "high")


class Part(NamedTuple):
    """A vehicle of a trip at a stop, and whether its load there is known."""

    vehicle_id: str
    departed_at: datetime
    simulated: bool
    is_known: bool


Row = TypeVar("Row")


def together(rows: Iterable[tuple[Part, Row]]) -> Sequence[Row]:
    """Return what is of the vehicles that make up a departure, by their ids.

    Of vehicles that took turns those around the first by its id whose load is known; made up ones
    only where none is real.
    """
    parts = sorted(rows, key=lambda each: each[0].vehicle_id)
    first, _ = min(parts, key=lambda each: (each[0].simulated, not each[0].is_known))
    return [
        row
        for part, row in parts
        if part.simulated == first.simulated
        and abs(part.departed_at - first.departed_at) <= TOGETHER
    ]


def total(values: Iterable[float | None]) -> float | None:
    """Return the sum of what vehicles have; None if of one it is not known."""
    known: float = 0
    for each in values:
        if each is None:
            return None
        known += each
    return known


def level_of(parts: Iterable[tuple[str | None, int]]) -> str | None:
    """Return the level of several vehicles, of each its level and places; None if one is not known.

    The mean of the levels by places; halfway it is the fuller one.
    """
    found = list(parts)
    levels = [level for level, _ in found if level is not None]
    places = sum(each for _, each in found)
    if len(levels) < len(found) or not levels:
        return None
    if len(set(levels)) == 1 or not places:
        return max(levels, key=LEVELS.index)
    rank = sum(LEVELS.index(level) * each for level, each in found if level is not None)
    return LEVELS[floor(rank / places + 0.5)]

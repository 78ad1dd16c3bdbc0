# SPDX-License-Identifier: EUPL-1.2
"""Where a battery is going: trend by Theil and Sen over daily values, and when it will be empty; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations
from statistics import median
from typing import NamedTuple

DAYS = 90
"""How far back the trend looks."""
FEWEST_DAYS = 5
SHORTEST = timedelta(days=14)
FARTHEST = timedelta(days=3652)
MOST_POINTS = 45
"""More daily values are thinned evenly: the number of pairs grows with the square."""


class Withheld(StrEnum):
    """Why no end of the battery is told."""

    NO_READINGS = "no_readings"
    TOO_FEW_DAYS = "too_few_days"
    NOT_FALLING = "not_falling"
    TOO_FAR = "too_far"


class Level(NamedTuple):
    """A day's middle battery value in mV or percent."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Scale:
    """How one quantity is judged: where it is empty, what is noise, what a new battery looks like."""

    empty: float
    noise: float
    renewal: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """A trend per day, when the battery ends by it, or why that is not told."""

    per_day: float | None
    ends_at: datetime | None
    withheld: Withheld | None
    days: int


def outlook(levels: Sequence[Level], scale: Scale) -> Outlook:
    """Return where daily values lead; of a battery that was renewed only the new one counts.

    The slope is the median of the slopes of all pairs (Sen 1968), so that single wrong readings do
    not bend it. The end is told only where the values fell by more than noise over two weeks.
    """
    since_renewal = _since_renewal(sorted(levels), scale.renewal)
    if not since_renewal:
        return Outlook(None, None, Withheld.NO_READINGS, 0)
    first, last = since_renewal[0].at, since_renewal[-1].at
    days = len(since_renewal)
    if days < FEWEST_DAYS or last - first < SHORTEST:
        return Outlook(None, None, Withheld.TOO_FEW_DAYS, days)
    points = [((at - first) / timedelta(days=1), value) for at, value in _thin(since_renewal)]
    slope = median((b - a) / (y - x) for (x, a), (y, b) in combinations(points, 2))
    base = median(value - slope * day for day, value in points)
    if slope >= 0 or -slope * points[-1][0] < scale.noise:
        return Outlook(slope, None, Withheld.NOT_FALLING, days)
    until_empty = timedelta(days=min((scale.empty - base) / slope, FARTHEST.days * 2))
    ends_at = max(first + until_empty, last)
    if ends_at - last > FARTHEST:
        return Outlook(slope, None, Withheld.TOO_FAR, days)
    return Outlook(slope, ends_at, None, days)


def sooner(one: Outlook, other: Outlook) -> Outlook:
    """Return which of two outlooks on one battery counts: the sooner end, else the better reason."""
    if one.ends_at and other.ends_at:
        return one if one.ends_at <= other.ends_at else other
    if one.ends_at or other.ends_at:
        return one if one.ends_at else other
    return one if one.days >= other.days else other


def _since_renewal(levels: Sequence[Level], renewal: float) -> Sequence[Level]:
    """Return the values after the last rise that only a new battery explains.

    The level must stay: the median of up to three days after is compared with that of three before.
    """
    for place in range(len(levels) - 1, 0, -1):
        after = median(value for _, value in levels[place : place + 3])
        before = median(value for _, value in levels[max(0, place - 3) : place])
        rise = levels[place].value - levels[place - 1].value
        if after - before >= renewal and rise >= renewal / 2:
            return levels[place:]
    return levels


def _thin(levels: Sequence[Level]) -> Sequence[Level]:
    if len(levels) <= MOST_POINTS:
        return levels
    step = (len(levels) - 1) / (MOST_POINTS - 1)
    return [levels[round(number * step)] for number in range(MOST_POINTS)]

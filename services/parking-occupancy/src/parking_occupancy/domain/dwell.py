# SPDX-License-Identifier: EUPL-1.2
"""How long vehicles stay: distribution of dwell times, with stays whose end nobody saw.

The estimator is that of Kaplan and Meier (Journal of the American Statistical Association 53, 1958,
457-481): a stay that was lost from sight counts as long as it was seen. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, pairwise
from typing import NamedTuple

BINS_MIN = (0, 5, 15, 30, 60, 120, 240, 480, 1440)
"""Where bins begin, in minutes; the last has no end."""


DAY_S = 86_400.0
ENOUGH_S = 3600.0


def per_bay_and_day(stays: int, *, known_s: float, bays: float, elapsed_s: float) -> float | None:
    """Return how many stays a bay has a day, from the seconds in which bays were known.

    Nothing where each was known for less than an hour, or half of a shorter time: a minute tells
    nothing of a day.
    """
    if known_s <= 0 or known_s < bays * min(ENOUGH_S, elapsed_s / 2):
        return None
    return round(stays / (known_s / DAY_S), 3)


class Lasted(NamedTuple):
    """So many stays of so many minutes; those that had not `ended` lasted at least so long."""

    minutes: int
    ended: bool
    stays: int


class Bin(NamedTuple):
    """Stays of `from_min` to before `to_min` minutes: those that ended, and the estimated share."""

    from_min: int
    to_min: int | None
    stays: int
    share: float


class Dwell(NamedTuple):
    """Dwell times in minutes; quantiles are none where too many stays were lost from sight before."""

    ended: int
    censored: int
    p25: float | None
    median: float | None
    p75: float | None
    p90: float | None
    bins: tuple[Bin, ...]


class _Step(NamedTuple):
    """The share of stays that last longer than so many minutes."""

    minutes: int
    share: float


def dwell(lasted: Iterable[Lasted]) -> Dwell:
    """Return the distribution of dwell times."""
    ordered = sorted(lasted)
    ended = [each for each in ordered if each.ended]
    steps = _survival(ordered)
    return Dwell(
        ended=sum(each.stays for each in ended),
        censored=sum(each.stays for each in ordered if not each.ended),
        p25=_quantile(steps, 0.25),
        median=_quantile(steps, 0.5),
        p75=_quantile(steps, 0.75),
        p90=_quantile(steps, 0.9),
        bins=tuple(_bins(ended, steps)),
    )


def _survival(ordered: Iterable[Lasted]) -> list[_Step]:
    ordered = list(ordered)
    at_risk, share, steps = sum(each.stays for each in ordered), 1.0, []
    for minutes, group in groupby(ordered, key=lambda each: each.minutes):
        found = list(group)
        left = sum(each.stays for each in found if each.ended)
        if left:
            share *= 1 - left / at_risk
            steps.append(_Step(minutes, share))
        at_risk -= sum(each.stays for each in found)
    return steps


def _quantile(steps: Iterable[_Step], share: float) -> float | None:
    # A tenth of a thousandth of a thousandth: sums of shares are not exact.
    reached = (step.minutes for step in steps if step.share <= 1 - share + 1e-9)
    return next(reached, None)


def _bins(ended: Iterable[Lasted], steps: Iterable[_Step]) -> Iterable[Bin]:
    ended, steps = list(ended), list(steps)
    for begin, end in pairwise([*BINS_MIN, None]):
        if begin is None:
            return
        stays = sum(
            e.stays for e in ended if begin <= e.minutes and (end is None or e.minutes < end)
        )
        longer = 0.0 if end is None and steps and steps[-1].share < 1e-9 else _beyond(steps, end)
        yield Bin(begin, end, stays, round(max(_beyond(steps, begin) - longer, 0.0), 4))


def _beyond(steps: Iterable[_Step], minutes: int | None) -> float:
    """Return the share of stays that last so long or longer."""
    share = 1.0
    for step in steps:
        if minutes is None or step.minutes < minutes:
            share = step.share
    return share

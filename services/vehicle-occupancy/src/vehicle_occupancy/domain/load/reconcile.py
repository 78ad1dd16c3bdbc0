# SPDX-License-Identifier: EUPL-1.2
"""What doors counted too many over a trip or circulation, distributed backwards over its stops.

A vehicle's counts between two times at which its load was known must add up. What they do not is
taken from all of them by weighted least squares, each count's weight being how much it may be
wrong; nowhere may fewer than nobody be aboard, nor more than fit. After Furth, Strathman and
Hemily, Making Automatic Passenger Counts Mainstream (Transportation Research Record 1927, 2005),
which balances trips so, and Barabino, Di Francesco and Mozzoni, An Offline Framework for Handling
Automatic Passenger Counting Raw Data (IEEE Transactions on Intelligent Transportation Systems
15(6), 2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

USUAL_ERROR = 0.03
"""The share by which all counts of a trip may be wrong together, once what doors miss is taken off."""

_PER_STOP = 0.02
"""Somebody may pass uncounted where nobody was counted: persons squared at each stop and direction."""


class Counted(NamedTuple):
    """Persons counted at a stop, and the variances of these numbers."""

    boarded: float
    alighted: float
    boarded_variance: float = 0.0
    alighted_variance: float = 0.0

    def plus(self, other: Counted) -> Counted:
        """Return who was counted both times."""
        return Counted(*(one + more for one, more in zip(self, other, strict=True)))


class StopLoad(NamedTuple):
    """Persons at a stop, reconciled: fractions are what is left of uncertainty."""

    boarded: float
    alighted: float
    load: float


class Reconciled(NamedTuple):
    """A trip's stops as they add up, and the persons by which the counts did not."""

    stops: tuple[StopLoad, ...]
    imbalance: float


class _Step(NamedTuple):
    """Persons who came (or went, below zero), and how much that may be wrong."""

    change: float
    weight: float
    direction: int


def reconcile(
    counts: Sequence[Counted],
    *,
    most: int,
    start: float = 0.0,
    end: float = 0.0,
) -> Reconciled:
    """Return the stops of a trip that began with `start` persons and ended with `end`.

    `counts` are persons counted at each stop in its order, `most` the persons who fit in.
    """
    steps: list[_Step] = []
    for passed in counts:
        doubt = passed.alighted * USUAL_ERROR + passed.alighted_variance + _PER_STOP
        steps.append(_Step(-passed.alighted, doubt, -1))
        doubt = passed.boarded * USUAL_ERROR + passed.boarded_variance + _PER_STOP
        steps.append(_Step(passed.boarded, doubt, 1))
    loads = _balanced(steps, start, end, float(most))
    imbalance = start + sum(step.change for step in steps) - end
    stops = []
    for before, left, after in zip([start, *loads[1::2]], loads[0::2], loads[1::2], strict=False):
        stops.append(StopLoad(max(after - left, 0.0), max(before - left, 0.0), after))
    return Reconciled(tuple(stops), imbalance)


def _balanced(steps: Sequence[_Step], start: float, end: float, most: float) -> list[float]:
    """Return the load after each step: adjusted in proportion, then held where a bound is passed."""
    if not steps:
        return []
    loads, load = [], start
    for change in _adjusted(steps, start, end):
        load += change
        loads.append(load)
    loads[-1] = end
    violations = [max(-each, each - most, 0.0) for each in loads[:-1]]
    if not violations or max(violations) < 1e-9:
        return loads
    worst = violations.index(max(violations))
    bound = 0.0 if loads[worst] < 0 else most
    return _balanced(steps[: worst + 1], start, bound, most) + _balanced(
        steps[worst + 1 :], bound, end, most
    )


def _adjusted(steps: Sequence[_Step], start: float, end: float) -> list[float]:
    """Return each step's change, so that they add up and nobody boards or alights less than not at all."""
    free = set(range(len(steps)))
    while True:
        excess = start + sum(steps[each].change for each in free) - end
        weight = sum(steps[each].weight for each in free)
        part = excess / weight if weight else 0.0
        changes = {each: steps[each].change - part * steps[each].weight for each in free}
        wrong = {each for each in free if changes[each] * steps[each].direction < 0}
        if not wrong:
            return [changes.get(each, 0.0) for each in range(len(steps))]
        free -= wrong

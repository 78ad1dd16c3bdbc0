# SPDX-License-Identifier: EUPL-1.2
"""How far a value may lie from what is expected: shares of misses on days that were forecast blind.

A miss is told in standard deviations of its cell. Its shares are taken per group from earlier days,
each forecast from the days before it alone, so that an interval holds as often as it says
(split conformal); no form of distribution is assumed.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from vehicle_occupancy.domain.forecast.expecting import Expected
from vehicle_occupancy.domain.forecast.series import Floats, Ints

SHARES = np.round(np.arange(1, 50) * 0.02, 2).astype(np.float32)
LOW, MIDDLE, HIGH = 4, 24, 44
"""Where in SHARES 0.1, 0.5 and 0.9 stand."""
LEAST_MISSES = 200
_NORMAL = np.array([NormalDist().inv_cdf(float(share)) for share in SHARES], np.float32)
"""What is taken where nothing was missed yet."""


def misses(expectation: Expected, value: Floats) -> Floats:
    """Return by how many standard deviations values lie above what was expected."""
    miss: Floats = (value - expectation.mean) / expectation.deviation
    return miss


def shares_of(miss: Floats, group: Ints, groups: int) -> Floats:
    """Return `[group, share]`: below what so large a share of each group's misses lies.

    The last row is of all groups together, and stands for those with few misses.
    """
    known = ~np.isnan(miss)
    miss, group = miss[known], group[known]
    found = np.empty((groups + 1, len(SHARES)), np.float32)
    if not len(miss):
        found[:] = _NORMAL
        return found
    found[:] = np.quantile(miss, SHARES)
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(groups + 1))
    for each in range(groups):
        of_group = miss[order[ends[each] : ends[each + 1]]]
        if len(of_group) >= LEAST_MISSES:
            found[each] = np.quantile(of_group, SHARES)
    return found


def at_share(expectation: Expected, shares: Floats, share: int) -> Floats:
    """Return the value below which a share (a place in SHARES) of outcomes lies, none negative.

    `shares` has one row per cell.
    """
    value: Floats = np.maximum(expectation.mean + expectation.deviation * shares[:, share], 0)
    return value.astype(np.float32)


def chance_of(expectation: Expected, shares: Floats, group: Ints, least: Floats) -> Floats:
    """Return how probably each cell's value reaches `least` persons; `shares` has a row per group."""
    # persons are whole: to reach 40 is to lie above 39.5
    distance = (np.ceil(least) - 0.5 - expectation.mean) / expectation.deviation
    below = np.empty(len(distance), np.float32)
    padded = np.concatenate([[0.0], SHARES, [1.0]])
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(len(shares) + 1))
    for row, grid in enumerate(shares):
        of_row = order[ends[row] : ends[row + 1]]
        if len(of_row):
            edges = np.concatenate([[2 * grid[0] - grid[1]], grid, [2 * grid[-1] - grid[-5]]])
            below[of_row] = np.interp(distance[of_row], np.maximum.accumulate(edges), padded)
    chance: Floats = np.where(np.isnan(distance), np.nan, 1 - below).astype(np.float32)
    return chance

# SPDX-License-Identifier: EUPL-1.2
"""What is kept of a forecast: eleven quantiles per stop, from which everything else is answered.

Between them chances are read off straight lines; beyond the outer ones the lines go on for as far
again as the last step, so that nothing is impossible that was never seen.
"""

from __future__ import annotations

import numpy as np

from vehicle_occupancy.domain.forecast.series import Floats
from vehicle_occupancy.domain.forecast.spread import SHARES

AT = (0, *range(4, 45, 5), 48)
"""Places in SHARES of what is kept: 0.02, 0.1, 0.2 … 0.9, 0.98."""
KEPT = SHARES[list(AT)]
P10, P50, P90 = 1, 5, 9
_EDGES = np.concatenate([[0.0], KEPT, [1.0]])


def quantiles_of(mean: Floats, deviation: Floats, shares: Floats) -> Floats:
    """Return `[cell, kept]`, persons, none negative; `shares` has one row per cell."""
    value: Floats = np.maximum(mean[:, None] + deviation[:, None] * shares[:, list(AT)], 0)
    return value.astype(np.float32)


def chance_above(quantiles: Floats, limit: float) -> Floats:
    """Return per row how probably more than `limit` persons are on board; NaN where unknown."""
    at, values = np.floor(limit) + 0.5, _values(quantiles)
    below = np.clip((values <= at).sum(axis=1) - 1, 0, len(_EDGES) - 2)
    rows = np.arange(len(values))
    left, right = values[rows, below], values[rows, below + 1]
    inside = (left <= at) & (at < right)
    slope = (_EDGES[below + 1] - _EDGES[below]) / np.where(inside, right - left, 1)
    chance = np.where(inside, 1 - (slope * (at - left) + _EDGES[below]), at < values[:, 0])
    return np.where(np.isnan(values[:, -1]), np.nan, chance).astype(np.float32)


def excess_above(quantiles: Floats, limit: float) -> Floats:
    """Return per row how many persons above the limit are to be expected."""
    over = np.maximum(_values(quantiles) - limit, 0)
    found: Floats = np.sum((over[:, 1:] + over[:, :-1]) / 2 * np.diff(_EDGES), axis=1)
    return found.astype(np.float32)


def mean_of(quantiles: Floats) -> Floats:
    """Return per row how many persons are to be expected."""
    return excess_above(quantiles, 0.0)


def at_chance(quantiles: Floats, chance: float) -> Floats:
    """Return per row the persons that are exceeded with this probability."""
    return np.array([np.interp(1 - chance, _EDGES, row) for row in _values(quantiles)], np.float32)


def fewer(quantiles: Floats, persons: float) -> Floats:
    """Return the quantiles if so many persons were elsewhere; negative: came in addition."""
    found: Floats = np.maximum(quantiles - np.float32(persons), 0)
    return found


def _values(quantiles: Floats) -> Floats:
    """Return `[row, edge]`: persons at each of the edges, also of the outer ones."""
    first, last = quantiles[:, :1], quantiles[:, -1:]
    least = np.maximum((2 * first - quantiles[:, 1:2]).astype(np.float64), 0)
    values: Floats = np.concatenate([least, quantiles, 2 * last - quantiles[:, -2:-1]], axis=1)
    return np.maximum.accumulate(values, axis=1)

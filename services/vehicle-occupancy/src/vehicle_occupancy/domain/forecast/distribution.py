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
    """Return per row how probably more than `limit` persons are on board."""
    return np.array(
        [1 - np.interp(np.floor(limit) + 0.5, _values(row), _EDGES) for row in quantiles],
        np.float32,
    )


def excess_above(quantiles: Floats, limit: float) -> Floats:
    """Return per row how many persons above the limit are to be expected."""
    found = np.empty(len(quantiles), np.float32)
    for place, row in enumerate(quantiles):
        over = np.maximum(_values(row) - limit, 0)
        found[place] = np.sum((over[1:] + over[:-1]) / 2 * np.diff(_EDGES))
    return found


def mean_of(quantiles: Floats) -> Floats:
    """Return per row how many persons are to be expected."""
    return excess_above(quantiles, 0.0)


def at_chance(quantiles: Floats, chance: float) -> Floats:
    """Return per row the persons that are exceeded with this probability."""
    return np.array([np.interp(1 - chance, _EDGES, _values(row)) for row in quantiles], np.float32)


def fewer(quantiles: Floats, persons: float) -> Floats:
    """Return the quantiles if so many persons were elsewhere; negative: came in addition."""
    found: Floats = np.maximum(quantiles - np.float32(persons), 0)
    return found


def _values(row: Floats) -> Floats:
    least = max(float(2 * row[0] - row[1]), 0.0)
    values: Floats = np.concatenate([[least], row, [2 * row[-1] - row[-2]]])
    return np.maximum.accumulate(values)

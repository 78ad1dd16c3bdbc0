# SPDX-License-Identifier: EUPL-1.2
"""A load as a probability for each number of persons, and what flows and evidence do to it.

All functions return new arrays whose probabilities sum to one. Boundaries are information: of a
load that was at least so many, the rest is taken off before it is made to sum to one again.
"""

from __future__ import annotations

from math import ceil, floor, sqrt

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float64]

_TWO_POINTS_BELOW = 0.3
"""Below this variance a discretised normal distribution would lose fractions of its mean."""

_REACH = 4.5
_LEAST_MASS = 1e-12


def unknown(most: int, typical: float) -> Grid:
    """Return the load of a vehicle of which nothing is known, of which few persons are likelier."""
    grid: Grid = np.exp(-np.arange(most + 1) / max(typical, 1.0))
    return _whole(grid, bound=0)


def known(most: int, load: int) -> Grid:
    """Return the load that is certain."""
    grid: Grid = np.zeros(most + 1)
    grid[min(max(load, 0), most)] = 1.0
    return grid


def flow(mean: float, variance: float) -> tuple[int, Grid]:
    """Return how many persons may have passed: the least number, and probabilities from it on."""
    mean = max(mean, 0.0)
    if variance < _TWO_POINTS_BELOW:
        least = floor(mean)
        part = mean - least
        return least, np.array([1 - part, part])
    reach = _REACH * sqrt(variance)
    least = max(0, floor(mean - reach))
    numbers = np.arange(least, ceil(mean + reach) + 1)
    weights: Grid = np.exp(-((numbers - mean) ** 2) / (2 * variance))
    return least, weights / weights.sum()


def alighted(grid: Grid, mean: float, variance: float) -> Grid:
    """Return the load after persons left; nobody leaves who was not there."""
    least, weights = flow(mean, variance)
    spread = np.convolve(grid, weights[::-1])
    start = least + len(weights) - 1
    left: Grid = np.zeros(len(grid))
    kept = spread[start:]
    left[: len(kept)] = kept
    return _whole(left, bound=0)


def boarded(grid: Grid, mean: float, variance: float) -> Grid:
    """Return the load after persons came in; nobody comes in who has no room."""
    least, weights = flow(mean, variance)
    spread = np.convolve(grid, weights)
    come: Grid = np.zeros(len(grid))
    if least < len(grid):
        come[least:] = spread[: len(grid) - least]
    return _whole(come, bound=len(grid) - 1)


def widened(grid: Grid, variance: float) -> Grid:
    """Return the load after unseen changes of no direction."""
    reach = ceil(_REACH * sqrt(variance))
    if reach == 0:
        return grid
    numbers = np.arange(-reach, reach + 1)
    weights = np.exp(-(numbers**2) / (2 * variance))
    return _whole(np.convolve(grid, weights / weights.sum())[reach:-reach][: len(grid)], bound=0)


def weighed(grid: Grid, likelihood: Grid) -> Grid:
    """Return the load after evidence; evidence against everything changes nothing."""
    product = grid * likelihood
    total = product.sum()
    return grid if total < _LEAST_MASS else product / total


def doubted(grid: Grid, share: float, places: int) -> Grid:
    """Return the load if with a small probability something gross went unseen."""
    mixed = grid * (1 - share)
    mixed[: places + 1] += share / (places + 1)
    return mixed


def emptied(grid: Grid, probability: float, gross: float) -> tuple[Grid, float]:
    """Return the load at a time when the vehicle is empty with a probability, and how likely that now is.

    Empty is weighed against any other number by what the counts say; `gross` is the probability
    that counts say nothing at all, so that a wrong count never outweighs the timetable for good.
    """
    any_number = 1 / len(grid)
    there = (1 - gross) * float(grid[0]) + gross * any_number
    empty = probability * there
    other = (1 - probability) * any_number
    chance = empty / (empty + other)
    return chance * known(len(grid) - 1, 0) + (1 - chance) * grid, chance


def mean_of(grid: Grid) -> float:
    """Return the expected load in persons."""
    return float(grid @ np.arange(len(grid)))


def variance_of(grid: Grid) -> float:
    """Return the variance of the load."""
    numbers = np.arange(len(grid))
    mean = float(grid @ numbers)
    return max(float(grid @ (numbers - mean) ** 2), 0.0)


def quantiles(grid: Grid, *shares: float) -> list[float]:
    """Return loads below which shares of the probability lie, each number spread over one person."""
    cumulative = np.concatenate(([0.0], np.cumsum(grid)))
    edges = np.arange(len(cumulative)) - 0.5
    return [float(each) for each in np.interp(shares, cumulative, edges)]


def interval(grid: Grid, outside: float) -> tuple[int, int, int]:
    """Return the median and the numbers about it of which on each side the given share lies outside.

    Of a few persons no bound leaves exactly that share; the one that comes nearest is taken, so
    that the interval neither promises more nor less on average.
    """
    below = np.cumsum(grid)
    middle = int(np.searchsorted(below, 0.5))
    lowest = int(np.argmin(np.abs(np.concatenate(([0.0], below[:-1])) - outside)))
    highest = int(np.argmin(np.abs(1 - below - outside)))
    return middle, min(lowest, middle), max(highest, middle)


def mass(grid: Grid, lowest: int, highest: int) -> float:
    """Return the probability that the load is between two numbers, both included."""
    return float(grid[max(lowest, 0) : highest + 1].sum())


def _whole(grid: Grid, *, bound: int) -> Grid:
    total = float(grid.sum())
    if total < _LEAST_MASS:
        # Doors contradict everything before: the nearest possible number is left.
        return known(len(grid) - 1, bound)
    return grid / total

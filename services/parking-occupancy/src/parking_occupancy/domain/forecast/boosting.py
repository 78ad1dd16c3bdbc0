# SPDX-License-Identifier: EUPL-1.2
"""Gradient boosting of symmetric trees for a quantile, over numpy alone (decision 0035).

All nodes of one depth of a tree ask the same question, so that a tree is a short list of questions
and a table of 2^depth values: fast to apply without compiled code.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from parking_occupancy.domain.forecast.panel import NO_FLOATS, Floats, Ints

Bins = NDArray[np.uint8]
UNKNOWN_BIN = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """How to learn; the same for every city, chosen on November (docs/forecast.md)."""

    trees: int = 300
    depth: int = 6
    rate: float = 0.08
    bins: int = 64
    rows_per_tree: int = 20_000
    columns_share: float = 0.5
    least_rows: int = 30
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Trees:
    """Learned trees: a row's value is `base` plus one entry of each tree's table."""

    base: float
    cuts: tuple[Floats, ...]
    columns: Ints
    """[tree, depth]: which column is asked"""
    borders: Ints
    """[tree, depth]: the answer is yes above this bin"""
    values: Floats
    """[tree, leaf]"""

    def predict(self, rows: Floats) -> Floats:
        """Return the value of each row."""
        binned = _binned(rows, self.cuts)
        found = np.full(len(rows), self.base, np.float32)
        for columns, borders, values in zip(self.columns, self.borders, self.values, strict=True):
            found += values[_leaves(binned, columns, borders)]
        return found


def learn(rows: Floats, target: Floats, *, quantile: float, plan: Plan) -> Trees:
    """Return trees that predict a quantile of the target; the same input gives the same trees."""
    cuts = tuple(_cuts(column, plan.bins) for column in rows.T)
    binned = _binned(rows, cuts)
    dice = np.random.default_rng(plan.seed)
    known = np.flatnonzero([len(column) for column in cuts])
    base = float(np.quantile(target, quantile))
    fitted = np.full(len(target), base, np.float32)
    columns, borders, values = [], [], []
    for _ in range(plan.trees):
        chosen = _chosen(dice, len(target), plan.rows_per_tree)
        offered = _offered(dice, known, plan.columns_share)
        rest = target[chosen] - fitted[chosen]
        pull = np.where(rest > 0, quantile, quantile - 1)
        asked, above = _grow(binned[:, chosen], pull, offered, plan)
        leaves = _leaves(binned[:, chosen], asked, above)
        leaf_values = _leaf_values(rest, leaves, quantile=quantile, plan=plan)
        fitted += leaf_values[_leaves(binned, asked, above)]
        columns.append(asked)
        borders.append(above)
        values.append(leaf_values)
    return Trees(base, cuts, np.stack(columns), np.stack(borders), np.stack(values))


def _cuts(column: Floats, bins: int) -> Floats:
    """Return the borders of a column's bins; none where nothing is known of it."""
    known = column[~np.isnan(column)]
    if not len(known):
        return NO_FLOATS
    return np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])).astype(np.float32)


def _binned(rows: Floats, cuts: tuple[Floats, ...]) -> Bins:
    binned = np.empty((len(cuts), len(rows)), np.uint8)
    for index, borders in enumerate(cuts):
        column = rows[:, index]
        place = np.searchsorted(borders, column, side="right") + 1
        binned[index] = np.where(np.isnan(column), UNKNOWN_BIN, place)
    return binned


def _leaves(binned: Bins, columns: Ints, borders: Ints) -> NDArray[np.uint8]:
    leaves = np.zeros(binned.shape[1], np.uint8)
    for column, border in zip(columns, borders, strict=True):
        leaves <<= 1
        leaves |= binned[column] > border
    return leaves


def _chosen(dice: np.random.Generator, count: int, at_most: int) -> Ints:
    if count <= at_most:
        return np.arange(count, dtype=np.int64)
    return np.sort(dice.integers(0, count, at_most))


def _offered(dice: np.random.Generator, known: Ints, share: float) -> Ints:
    return np.sort(dice.choice(known, max(1, round(len(known) * share)), replace=False))


def _grow(binned: Bins, pull: NDArray[np.float64], offered: Ints, plan: Plan) -> tuple[Ints, Ints]:
    """Return the questions of one tree, each the best for all leaves together."""
    asked, above = [], []
    leaves = np.zeros(binned.shape[1], np.int64)
    width = plan.bins + 1
    for depth in range(plan.depth):
        best_gain, best = -1.0, (int(offered[0]), 0)
        for column in offered:
            place = leaves * width + binned[column]
            size = width << depth
            pulls = np.bincount(place, pull, size).reshape(-1, width).cumsum(axis=1)
            counts = np.bincount(place, minlength=size).reshape(-1, width).cumsum(axis=1)
            gains = _gains(pulls, counts, plan.least_rows)
            border = int(gains.argmax())
            if gains[border] > best_gain:
                best_gain, best = float(gains[border]), (int(column), border)
        asked.append(best[0])
        above.append(best[1])
        leaves = leaves * 2 + (binned[best[0]] > best[1])
    return np.array(asked, np.int64), np.array(above, np.int64)


def _gains(
    pulls: NDArray[np.float64], counts: NDArray[np.int64], ballast: int
) -> NDArray[np.float64]:
    below, below_count = pulls[:, :-1], counts[:, :-1]
    above, above_count = pulls[:, -1:] - below, counts[:, -1:] - below_count
    gain = below**2 / (below_count + ballast) + above**2 / (above_count + ballast)
    total: NDArray[np.float64] = gain.sum(axis=0)
    return total


def _leaf_values(rest: Floats, leaves: NDArray[np.uint8], *, quantile: float, plan: Plan) -> Floats:
    """Return the quantile of what is left in each leaf, less where few rows fell into it."""
    order = np.lexsort((rest, leaves))
    ordered = rest[order]
    ends = np.searchsorted(leaves[order], np.arange(2**plan.depth + 1))
    values = np.zeros(2**plan.depth, np.float32)
    for leaf, (begin, end) in enumerate(pairwise(ends)):
        count = end - begin
        if count:
            value = ordered[begin + int(quantile * (count - 1))]
            values[leaf] = value * plan.rate * count / (count + plan.least_rows)
    return values

# SPDX-License-Identifier: EUPL-1.2
"""What today has shown so far moves what is still to come: the same trip upstream, its line, the city.

Misses (in standard deviations) of the latest value of the run, of its last four, and of the last
hour of group and city explain part of a later miss; how large a part is learned from earlier days,
per distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vehicle_occupancy.domain.forecast.expecting import Expected
from vehicle_occupancy.domain.forecast.series import BIN_MIN, BINS, Cells, Flags, Floats, Ints, Sums
from vehicle_occupancy.domain.forecast.spread import LEAST_MISSES, shares_of

LAGS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Cells of a run between what was seen and what is asked; others take the next of these."""
AHEAD_MIN = (15, 30, 60, 120)
"""For what has nothing upstream: minutes until then; further ahead today tells nothing."""
MEAN_OVER = 4
HOUR_BINS = 4
FURTHEST = 5.0
"""Misses beyond are cut, but for those of the trip itself: one broken sensor does not move a line."""
RIDGE = 50.0
MOST_MISSES = 1_500_000
"""So many are learned from; more would take time and change nothing."""


@dataclass(frozen=True, slots=True)
class Update:
    """What was learned: factors `[lag or ahead, feature]`, shares of what still missed."""

    factors: Floats
    shares: Floats
    """[lag or ahead, group, share]"""


@dataclass(frozen=True, slots=True)
class Moved:
    """What is expected now, and which row of an update's shares holds; -1: the day-ahead ones."""

    expectation: Expected
    row: Ints


def learn_update(cells: Cells, miss: Floats) -> Update:
    """Return what a day so far tells of the rest, from the misses `[cell, day]` of earlier days."""
    miss = np.clip(miss, -FURTHEST, FURTHEST)
    own, mean = np.nan_to_num(miss), _last_mean(cells, miss)
    hour = _hours(cells, miss)
    factors: list[Floats] = []
    shares: list[Floats] = []
    groups = np.repeat(cells.group[:, None], miss.shape[1], axis=1)
    chosen = sample(cells, miss)
    for lag in LAGS:
        later = np.flatnonzero((cells.position >= lag) & chosen)
        seen_at = later - lag
        seen = _features(cells, own[seen_at], mean[seen_at], hour, later, cells.minute[seen_at])
        _learn(seen, miss[later], groups[later], cells.groups, factors, shares)
    nothing = np.zeros_like(miss)
    later = np.flatnonzero(chosen)
    for ahead in AHEAD_MIN:
        now = cells.minute[later] - ahead
        seen = _features(cells, nothing[later], nothing[later], hour, later, now)
        _learn(seen, miss[later], groups[later], cells.groups, factors, shares)
    return Update(np.stack(factors), np.stack(shares))


def sample(cells: Cells, miss: Floats) -> Flags:
    """Return every so many-th run, so that a large city learns from no more than it needs."""
    every = -(-miss.size // MOST_MISSES)
    chosen: Flags = cells.run % every == 0
    return chosen


def move(update: Update, cells: Cells, today: Expected, value: Floats, now_min: int) -> Moved:
    """Return what is expected of each cell after what was seen of the day until a minute of it.

    `value` is NaN for what is not known yet.
    """
    asked = _Asked(
        np.arange(len(cells)),
        last_seen(cells, value, now_min),
        np.full(len(cells), now_min, np.int64),
    )
    return _moved(update, cells, today, value, asked)


def move_by(
    update: Update, cells: Cells, today: Expected, value: Floats, lag: int
) -> tuple[Ints, Moved]:
    """Return what was expected of each cell when the one `lag` before it in its run was seen."""
    later = np.flatnonzero(cells.position >= lag)
    asked = _Asked(later, later - lag, cells.minute[later - lag])
    return later, _moved(update, cells, today, value, asked)


def move_before(
    update: Update, cells: Cells, today: Expected, value: Floats, minutes: int
) -> Moved:
    """Return what was expected of each cell so many minutes before it, as of all seen by then."""
    now = cells.minute - minutes
    index = np.arange(len(cells))
    latest = np.maximum.accumulate(np.where(np.isnan(value), -1, index))
    # cells are sorted by run and time, so that one search finds the place in each run
    width = int(cells.minute.max(initial=0)) + 1
    order = cells.run * width + cells.minute
    place = np.searchsorted(order, cells.run * width + np.maximum(now, -1), side="right") - 1
    seen_at = np.where(place >= 0, latest[np.maximum(place, 0)], -1)
    same = (seen_at >= 0) & (now >= 0) & (cells.run[np.maximum(seen_at, 0)] == cells.run)
    asked = _Asked(index, np.where(same, seen_at, -1), now)
    return _moved(update, cells, today, value, asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which cells, where upstream of each was last seen (-1: nowhere), and when that is asked."""

    cell: Ints
    seen_at: Ints
    now: Ints


def last_seen(cells: Cells, value: Floats, now_min: int) -> Ints:
    """Return the last known cell before each of the same run; -1 where there is none."""
    known = ~np.isnan(value) & (cells.minute <= now_min)
    index = np.arange(len(cells))
    latest = np.maximum.accumulate(np.where(known, index, -1))
    before: Ints = np.concatenate([[-1], latest[:-1]]) if len(cells) else latest
    same = (before >= 0) & (cells.run[np.maximum(before, 0)] == cells.run)
    return np.where(same, before, -1)


def _moved(update: Update, cells: Cells, today: Expected, value: Floats, asked: _Asked) -> Moved:
    known_by = np.where(cells.minute <= int(asked.now.max(initial=0)), value, np.nan)
    far = ((known_by - today.mean) / today.deviation)[:, None]
    miss = np.clip(far, -FURTHEST, FURTHEST)
    has = asked.seen_at >= 0
    place = np.maximum(asked.seen_at, 0)
    own = np.where(has[:, None], np.nan_to_num(far)[place], 0)
    mean = np.where(has[:, None], _last_mean(cells, far)[place], 0)
    seen = _features(cells, own, mean, _hours(cells, miss), asked.cell, asked.now)
    by_lag = np.searchsorted(LAGS, asked.cell - asked.seen_at, side="left")
    by_time = np.searchsorted(AHEAD_MIN, cells.minute[asked.cell] - asked.now, side="left")
    row = np.where(
        has,
        np.minimum(by_lag, len(LAGS) - 1),
        np.where(by_time < len(AHEAD_MIN), len(LAGS) + by_time, -1),
    )
    shift = np.where(row >= 0, (seen[:, 0, :] * update.factors[row]).sum(axis=1), 0)
    mean, deviation = today.mean[asked.cell], today.deviation[asked.cell]
    moved = (mean + deviation * shift).astype(np.float32)
    # beyond what was learned from: the variance of a count grows at least as fast as it does
    grown = np.sqrt(np.maximum(moved / np.maximum(mean, 1), 1))
    growth = np.where(own[:, 0] > FURTHEST, grown, 1)
    return Moved(Expected(moved, (deviation * growth).astype(np.float32)), row)


def _features(
    cells: Cells, own: Floats, mean: Floats, hour: tuple[Floats, Floats], asked: Ints, now: Ints
) -> Floats:  # fmt: skip
    """Return `[cell, day, feature]`: what was known at a minute of the day."""
    last = np.clip(now // BIN_MIN - 1, -1, BINS - 1) + 1
    of_group, of_city = hour
    return np.stack([own, mean, of_group[cells.group[asked], last], of_city[last]], axis=2)


def _last_mean(cells: Cells, miss: Floats) -> Floats:
    """Return the mean of up to four misses of the run up to each cell, 0 where there is none."""
    total, count = np.zeros_like(miss), np.zeros_like(miss)
    position = cells.position
    known, filled = ~np.isnan(miss), np.nan_to_num(miss)
    for back in range(MEAN_OVER):
        inside = np.flatnonzero(position >= back)
        total[inside] += filled[inside - back]
        count[inside] += known[inside - back]
    found: Floats = (total / np.maximum(count, 1)).astype(np.float32)
    return found


def _hours(cells: Cells, miss: Floats) -> tuple[Floats, Floats]:
    """Return the mean miss of the last hour per group and of all, by `1 + bin`; 0 before the first."""
    days = miss.shape[1]
    size = cells.groups * BINS
    place = cells.group * BINS + cells.bins
    total = np.empty((days, cells.groups, BINS))
    count = np.empty_like(total)
    for day in range(days):
        known = ~np.isnan(miss[:, day])
        total[day] = np.bincount(place[known], miss[known, day], size).reshape(-1, BINS)
        count[day] = np.bincount(place[known], minlength=size).reshape(-1, BINS)
    of_group = _last_hour(total, count).transpose(1, 2, 0)
    of_city = _last_hour(total.sum(axis=1), count.sum(axis=1)).T
    return of_group.astype(np.float32), of_city.astype(np.float32)


def _last_hour(total: Sums, count: Sums) -> Sums:
    reach = [(0, 0)] * (total.ndim - 1) + [(HOUR_BINS + 1, 0)]
    summed, counted = (np.cumsum(np.pad(each, reach), axis=-1) for each in (total, count))
    hour = [each[..., HOUR_BINS:] - each[..., :-HOUR_BINS] for each in (summed, counted)]
    found: Sums = hour[0] / np.maximum(hour[1], 1)
    return found


def _learn(
    seen: Floats, miss: Floats, group: Ints, groups: int,
    factors: list[Floats], shares: list[Floats],
) -> None:  # fmt: skip
    """Append the factors by which features explain a miss, and the shares of what they do not."""
    known = ~np.isnan(miss)
    if known.sum() < LEAST_MISSES and factors:
        # runs are shorter than this lag: what holds for the one before holds on
        factors.append(factors[-1])
        shares.append(shares[-1])
        return
    rows, target = seen[known].astype(np.float64), miss[known].astype(np.float64)
    weight = rows.T @ rows + RIDGE * np.eye(rows.shape[1])
    found = np.linalg.solve(weight, rows.T @ target)
    factors.append(found.astype(np.float32))
    rest = (target - rows @ found).astype(np.float32)
    shares.append(shares_of(rest, group[known], groups))

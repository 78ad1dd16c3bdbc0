# SPDX-License-Identifier: EUPL-1.2
"""What is expected on a day, from the days before it: a mean, the weekday's share, recent days.

Everything is a sum over days, so that a city's departures are a few matrix products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vehicle_occupancy.domain.forecast.calendar import Days, comparable
from vehicle_occupancy.domain.forecast.series import BINS, Cells, Floats, Ints, Panel, Sums

PRIOR_DAYS = 12.0
"""What neighbouring departures from the same stop weigh against a departure's own days."""
TRIPS_VARY = 0.05
"""Variance of trips from day to day beyond chance, in parts of the mean squared."""
CITY_PRIOR_DAYS = 1.0
"""What "as usual" weighs against what days show of the whole city."""
LINE_PRIOR_DAYS = 8.0
"""What the city's difference weighs against what days show of a line."""
RECENT_MEMORY_DAYS = 2.0
RECENT_PRIOR_DAYS = 2.0
RECENT_DAYS = 10
SPREAD_PRIOR_DAYS = 8.0
LEAST_DAYS = 0.5
"""Of comparable days, with what they weigh, from which on a cell or its neighbours count as known."""
_NARROW = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
_WIDE = np.exp(-0.5 * (np.arange(-9, 10) / 3.0) ** 2)


@dataclass(frozen=True, slots=True)
class Expected:
    """The mean and the standard deviation of each cell's value; NaN where nothing is known."""

    mean: Floats
    deviation: Floats


def expected(panel: Panel, days: Days, target: int, *, until: int | None = None) -> Expected:
    """Return what is expected on day `target` from the days before `until` (default: target)."""
    until = min(target if until is None else until, panel.days)
    weight = comparable(days, target, until)
    filled, known = panel.filled[:, :until], panel.known[:, :until]
    total, count = filled @ weight, known @ weight
    base = _with_neighbours(panel.cells, total, count)
    usual = _Usual(panel, days, base, weight, target)
    mean = usual.of(target)
    mean = mean * _recent_level(panel, usual, days, target, until)[panel.cells.group]
    deviation = _deviation(panel, base, mean, weight)
    return Expected(mean.astype(np.float32), deviation)


def _with_neighbours(cells: Cells, total: Floats, count: Floats) -> Floats:
    """Return the mean of each cell, drawn to that of departures near in time from the same stop."""
    of_place = _near(cells.place, cells.bins, total, count, _NARROW)
    of_line = _near(cells.group, cells.bins, total, count, _WIDE)
    prior = np.where(np.isnan(of_place), of_line, of_place)
    known = np.where(np.isnan(prior), 0, PRIOR_DAYS / _strangeness(cells, total, count, prior))
    base: Floats = (total + known * np.nan_to_num(prior)) / np.maximum(count + known, 1e-6)
    return np.where((count >= LEAST_DAYS) | (known > 0), base, np.nan).astype(np.float32)


def _strangeness(cells: Cells, total: Floats, count: Floats, prior: Floats) -> Floats:
    """Return how much farther means are from their neighbours' than by chance; at least 1.

    Half of it the cell's own, half its whole run's: a trip that pupils fill is not like those before
    and after it, and one cell alone tells that badly.
    """
    usual = np.nan_to_num(prior)
    by_chance = (1 + usual + TRIPS_VARY * usual**2) / np.maximum(count, 1)
    away = np.where(count > 0, total / np.maximum(count, 1e-6) - usual, 0)
    own = away**2 / by_chance
    runs = cells.runs
    of_run = np.bincount(cells.run, own, runs) / np.maximum(
        np.bincount(cells.run, count > 0, runs), 1
    )
    found: Floats = np.maximum((own + of_run[cells.run]) / 2, 1).astype(np.float32)
    return found


def _near(part: Ints, bins: Ints, total: Floats, count: Floats, kernel: Sums) -> Floats:
    """Return per cell the mean over its part's cells near in time; NaN where too little is known."""
    parts = int(part.max()) + 1 if len(part) else 0
    place = part * BINS + bins
    summed = smooth(
        np.bincount(place, total, parts * BINS).astype(float).reshape(parts, BINS), kernel
    )
    counted = smooth(
        np.bincount(place, count, parts * BINS).astype(float).reshape(parts, BINS), kernel
    )
    found = np.where(counted >= LEAST_DAYS, summed / np.maximum(counted, 1e-6), np.nan)
    near: Floats = found.reshape(-1)[place].astype(np.float32)
    return near


def smooth(values: Sums, kernel: Sums) -> Sums:
    """Return rows smoothed along time, without carrying over from the end to the start."""
    reach = len(kernel) // 2
    padded = np.pad(values, ((0, 0), (reach, reach)))
    width = values.shape[1]
    found: Sums = sum(
        factor * padded[:, shift : shift + width] for shift, factor in enumerate(kernel)
    )
    return found


class _Usual:
    """What is usual on a day's weekday, with and without school."""

    def __init__(self, panel: Panel, days: Days, base: Floats, weight: Floats, target: int) -> None:
        self._panel, self._days, self._base, self._weight = panel, days, base, weight
        self._seasons: dict[int, Floats] = {}
        self._weekday = self._of_weekday(target)

    def of(self, day: int) -> Floats:
        """Return what would be usual on a day if it were the weekday that is asked."""
        found: Floats = self._base * self._season(int(self._days.special[day])) * self._weekday
        return found

    def _season(self, special: int) -> Floats:
        """Return by what days with, or without, school differ from what both are on the mean."""
        if special not in self._seasons:
            same = self._days.special[: len(self._weight)] == special
            usual = np.nan_to_num(self._base)
            self._seasons[special] = (
                np.ones_like(usual)
                if same[self._weight > 0].all()
                else _share(self._panel, [(self._weight * same, usual)])
            )
        return self._seasons[special]

    def _of_weekday(self, target: int) -> Floats:
        """Return by what the weekday differs from its type of day, each day seen within its season."""
        days, until = self._days, len(self._weight)
        special = days.special[:until]
        same = (days.weekday[:until] == days.weekday[target]) & (
            days.kind[:until] == days.kind[target]
        )
        usual = np.nan_to_num(self._base)
        parts = [
            ((same & (special == each)).astype(np.float32), usual * self._season(each))
            for each in np.unique(special[same]).tolist()
        ]
        return _share(self._panel, parts)


def _share(panel: Panel, parts: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Return by what days differ from what is usual on them, by time of day.

    The city's, drawn from it a line's. A part is what some days weigh, and what is usual on them.
    """
    cells, total = panel.cells, float(sum(weight.sum() for weight, _ in parts))
    if not total:
        return np.ones(len(cells), np.float32)
    came = due = np.zeros(len(cells), np.float32)
    for weight, usual in parts:
        chosen = np.flatnonzero(weight)
        of = weight[chosen]
        came = came + np.where(usual > 0, panel.filled[:, chosen] @ of, 0)
        due = due + (panel.known[:, chosen] @ of) * usual
    city = _quotient(cells.bins, BINS, came, due, CITY_PRIOR_DAYS / total)
    place = cells.group * BINS + cells.bins
    of_line = _quotient(place, cells.groups * BINS, came, due * city, LINE_PRIOR_DAYS / total)
    found: Floats = (city * of_line).astype(np.float32)
    return found


def _quotient(place: Ints, places: int, came: Floats, due: Floats, prior: float) -> Floats:
    """Return per cell what came of what was due at its place and time; 1 weighs as `prior` says."""
    summed, usual = (
        smooth(np.bincount(place, each, places).astype(float).reshape(-1, BINS), _WIDE).reshape(-1)
        for each in (came, due)
    )
    share = (summed + prior * usual) / np.maximum((1 + prior) * usual, 1e-6)
    found: Floats = np.where(usual > 0, share, 1)[place].astype(np.float32)
    return found


def _recent_level(panel: Panel, usual_on: _Usual, days: Days, target: int, until: int) -> Floats:
    """Return per group by what recent days of the type departed from what is usual in their season."""
    groups = panel.cells.groups
    recent = np.flatnonzero(days.kind[:until] == days.kind[target])[-RECENT_DAYS:]
    came, due = np.zeros(groups), np.zeros(groups)
    total = 1e-9
    for day in recent.tolist():
        usual = np.nan_to_num(usual_on.of(day))
        weight = float(np.exp((day - until) / RECENT_MEMORY_DAYS))
        known = panel.known[:, day] * (usual > 0)
        came += weight * np.bincount(panel.cells.group, panel.filled[:, day] * known, groups)
        due += weight * np.bincount(panel.cells.group, usual * known, groups)
        total += weight
    prior = CITY_PRIOR_DAYS / total
    city = (came.sum() + prior * due.sum()) / max((1 + prior) * due.sum(), 1e-6)
    due, prior = due * city, RECENT_PRIOR_DAYS / total
    level: Floats = np.where(due > 0, (came + prior * due) / np.maximum((1 + prior) * due, 1e-6), 1)
    return (level * city if due.any() else level).astype(np.float32)


def _deviation(panel: Panel, base: Floats, mean: Floats, weight: Floats) -> Floats:
    """Return each cell's standard deviation, drawn to what means of this size have elsewhere."""
    usual, until = np.nan_to_num(base), len(weight)
    total, count = panel.filled[:, :until] @ weight, panel.known[:, :until] @ weight
    own = panel.squared[:, :until] @ weight - 2 * usual * total + count * usual**2
    known = count >= 2 * LEAST_DAYS
    linear, square = _growth(usual[known], own[known] / np.maximum(count[known], 1e-6))
    typical = 1 + linear * usual + square * usual**2
    drawn = (np.maximum(own, 0) + SPREAD_PRIOR_DAYS * typical) / (count + SPREAD_PRIOR_DAYS)
    factor = np.nan_to_num(mean) / np.maximum(usual, 1e-6)
    deviation: Floats = np.sqrt(drawn * np.maximum(factor, 0.1)).astype(np.float32)
    return deviation


def _growth(mean: Floats, variance: Sums | Floats) -> tuple[float, float]:
    """Return how the variance grows with the mean: per person, and per person squared."""
    busy = mean > 1
    if busy.sum() < 20:
        return 1.0, 0.05
    size, ratio = mean[busy].astype(np.float64), (variance[busy] / mean[busy]).astype(np.float64)
    slope, level = np.polyfit(size, ratio, 1, w=1 / np.sqrt(size))
    return float(max(level, 0.3)), float(max(slope, 0.0))

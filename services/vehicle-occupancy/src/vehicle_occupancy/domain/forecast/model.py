# SPDX-License-Identifier: EUPL-1.2
"""The forecast of a day's departures: learned from blind forecasts of the latest days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vehicle_occupancy.domain.forecast.calendar import Days
from vehicle_occupancy.domain.forecast.expecting import Expected, expected
from vehicle_occupancy.domain.forecast.levels import Borders
from vehicle_occupancy.domain.forecast.series import Cells, Floats, Ints, Panel
from vehicle_occupancy.domain.forecast.spread import (
    HIGH,
    LOW,
    MIDDLE,
    at_share,
    chance_of,
    misses,
    shares_of,
)
from vehicle_occupancy.domain.forecast.upstream import Moved, Update, learn_update, move, sample

LEARNING_DAYS = 28
LEAST_DAYS = 7
"""Days before the first one that is forecast blind."""


class TooLittleHistoryError(ValueError):
    """A history from which nothing can be learned."""


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned of misses: their shares the day before, and what upstream tells of them."""

    shares: Floats
    """[group, share]; the last row is of all groups"""
    update: Update


@dataclass(frozen=True, slots=True)
class Forecast:
    """Persons per cell: most probable value, 80 % interval, chance of each level, mean; NaN unknown."""

    load: Floats
    low: Floats
    high: Floats
    at_least_medium: Floats
    at_least_high: Floats
    expectation: Expected
    shares: Floats
    """[cell, share] of misses, for other questions"""


def fit(panel: Panel, days: Days, *, until: int | None = None) -> Model:
    """Return what the days before `until` teach; raises TooLittleHistoryError below eight days."""
    until = panel.days if until is None else until
    learned = range(max(LEAST_DAYS, until - LEARNING_DAYS), until)
    if not learned:
        raise TooLittleHistoryError(f"at least {LEAST_DAYS + 1} days are needed")
    miss = np.stack(
        [misses(expected(panel, days, day), panel.value[:, day]) for day in learned], axis=1
    )
    chosen = sample(panel.cells, miss)
    groups = np.repeat(panel.cells.group[chosen, None], miss.shape[1], axis=1)
    shares = shares_of(miss[chosen].ravel(), groups.ravel(), panel.cells.groups)
    # That the learned days as a whole were busier or emptier than expected does not come again.
    centred = miss[chosen] - _mean_of_days(miss[chosen])
    usual = shares_of(centred.ravel(), groups.ravel(), panel.cells.groups)
    shares += (usual - shares)[:, MIDDLE, None]
    return Model(shares, learn_update(panel.cells, miss))


def _mean_of_days(miss: Floats) -> Floats:
    """Return the mean miss of each day; zero of days without any."""
    known = ~np.isnan(miss)
    total = np.where(known, miss, 0).sum(axis=0)
    mean: Floats = (total / np.maximum(known.sum(axis=0), 1)).astype(np.float32)
    return mean


def ahead(
    model: Model,
    panel: Panel,
    days: Days,
    target: int,
    levels: Borders,
    *,
    until: int | None = None,
) -> Forecast:
    """Return the forecast of a day, made before it begins."""
    return told(model, panel.cells, expected(panel, days, target, until=until), levels)


def live(
    model: Model, cells: Cells, today: Expected, levels: Borders, *, value: Floats, now_min: int
) -> Forecast:
    """Return the forecast of the rest of a day after what was seen of it until a minute."""
    moved = move(model.update, cells, today, value, now_min)
    return told_live(model, cells, moved, levels)


def told(model: Model, cells: Cells, expectation: Expected, levels: Borders) -> Forecast:
    """Return an expectation with its interval and levels."""
    return _told(expectation, model.shares, cells.group, levels)


def told_live(model: Model, cells: Cells, moved: Moved, levels: Borders) -> Forecast:
    """Return a moved expectation with its interval and levels."""
    tables = np.concatenate([model.update.shares, model.shares[None]])
    per_table = tables.shape[1]
    row = np.where(moved.row < 0, len(tables) - 1, moved.row)
    flat = tables.reshape(-1, tables.shape[2])
    return _told(moved.expectation, flat, row * per_table + cells.group, levels)


def _told(expectation: Expected, shares: Floats, place: Ints, levels: Borders) -> Forecast:
    of_cell = shares[place]
    low, load, high = (at_share(expectation, of_cell, share) for share in (LOW, MIDDLE, HIGH))
    return Forecast(
        load=load,
        low=np.round(low),
        high=np.round(high),
        at_least_medium=chance_of(expectation, shares, place, levels.medium),
        at_least_high=chance_of(expectation, shares, place, levels.high),
        expectation=expectation,
        shares=of_cell,
    )

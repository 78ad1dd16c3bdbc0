# SPDX-License-Identifier: EUPL-1.2
"""One model for all lots: the expected change until a horizon, and how far it may be off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from parking_occupancy.domain.forecast.boosting import Plan, Trees, learn
from parking_occupancy.domain.forecast.calendar import Days
from parking_occupancy.domain.forecast.features import FROM_WEEKS, Asked, features, past_of
from parking_occupancy.domain.forecast.held_out import HeldOut, check
from parking_occupancy.domain.forecast.panel import Flags, Floats, Ints, Panel
from parking_occupancy.domain.forecast.telling import Skill, Source

LEAST_CHANGE = 0.002
"""Of the capacity: what a lot is taken to change at least, so that nothing is divided by zero."""
LEAST_SPREAD = 0.05
LOW, HIGH = 0.1, 0.9
WITHOUT_WEEKS = 0.08
"""Share of rows that learn how to do without weeks of history, as a new lot must."""
LEAST_ROWS_OF_A_LOT = 200
LEAST_ROWS = 1000
FOUR_WEEKS = timedelta(weeks=4)
_REACHES = np.arange(0.2, 2.01, 0.02)


class NothingMovesError(ValueError):
    """A history from which nothing can be learned."""


@dataclass(frozen=True, slots=True)
class Learning:
    """How much is learned from, and how."""

    most_rows: int = 240_000
    centre: Plan = field(default_factory=Plan)
    spread: Plan = field(default_factory=lambda: Plan(trees=80, depth=5, rate=0.12, seed=2))


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned; `usual_change[lot, horizon]` and the interval's factors.

    The row after the last known lot stands for lots that the model has not seen.
    """

    horizons_min: tuple[int, ...]
    lot_ids: tuple[str, ...]
    usual_change: Floats
    centres: tuple[Trees, ...]
    spread: Trees
    low: Floats
    high: Floats
    """per lot and horizon: what the spread is multiplied by"""
    checked: Floats
    """per lot and horizon, on weeks held out: forecasts, both errors in places, coverage"""

    def place_of(self, lot_ids: Sequence[str]) -> Ints:
        """Return the model's row of each lot."""
        places = {lot_id: place for place, lot_id in enumerate(self.lot_ids)}
        return np.array([places.get(lot_id, len(self.lot_ids)) for lot_id in lot_ids], np.int64)


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Free places, one row per tick (or lot), one column per horizon; low <= free <= high."""

    free: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is learned from."""

    asked: Asked
    seen: Floats
    target: Floats
    fold: Ints
    is_whole: Flags


def fit(panel: Panel, days: Days, horizons_min: Sequence[int], learning: Learning) -> Model:
    """Return a model of all that a panel holds; raises NothingMovesError where there is nothing to learn."""
    taken = panel.taken()
    ahead = np.array([panel.steps(minutes) for minutes in horizons_min], np.int64)
    usual = _usual_change(taken, ahead)
    rows = _rows(panel, days, taken, ahead, usual, learning)
    centres, missed = [], np.zeros(len(rows.target), np.float32)
    for fold in (0, 1):
        inside = rows.fold == fold
        if inside.sum() < LEAST_ROWS:
            raise NothingMovesError("the history is too short")
        trees = learn(rows.seen[inside], rows.target[inside], quantile=0.5, plan=learning.centre)
        missed[~inside] = rows.target[~inside] - trees.predict(rows.seen[~inside])
        centres.append(trees)
    spread = learn(rows.seen, np.abs(missed), quantile=0.8, plan=learning.spread)
    width = np.maximum(spread.predict(rows.seen), LEAST_SPREAD)
    low, high = _factors((missed / width).astype(np.float32), rows.asked.lots, len(panel.lot_ids))
    places = panel.capacity[rows.asked.lots] * rows.asked.usual_change
    reach = [
        _reach(
            missed[of] * places[of], width[of] * places[of],
            low[rows.asked.lots[of]], high[rows.asked.lots[of]],
        )
        for of in (rows.asked.ahead == steps for steps in ahead)
    ]  # fmt: skip
    low, high = (np.outer(each, reach).astype(np.float32) for each in (low, high))
    column = np.searchsorted(ahead, rows.asked.ahead)
    held_out = HeldOut(
        cell=rows.asked.lots * len(ahead) + column,
        now=(panel.capacity[:, None] * (1 - taken))[rows.asked.lots, rows.asked.ticks],
        capacity=panel.capacity[rows.asked.lots],
        change=rows.target * places,
        expected=(rows.target - missed) * places,
        least=low[rows.asked.lots, column] * width * places,
        most=high[rows.asked.lots, column] * width * places,
    )
    checked = check(held_out, rows.is_whole, (len(panel.lot_ids), len(ahead)))
    return Model(
        tuple(horizons_min), panel.lot_ids, usual, tuple(centres), spread, low, high, checked
    )


def checks_of(model: Model) -> dict[str, list[Skill]]:
    """Return how good the model was on weeks held out from its learners, by lot."""
    return {
        lot_id: [
            Skill(minutes, int(count), mae, of_persistence, None, coverage, Source.HELD_OUT)
            for minutes, (count, mae, of_persistence, coverage) in zip(
                model.horizons_min, of_lot, strict=True
            )
            if count
        ]
        for lot_id, of_lot in zip(model.lot_ids, model.checked.tolist(), strict=True)
    }


def _usual_change(taken: Floats, ahead: Ints) -> Floats:
    """Return how much each lot changes on average within each horizon; last row: all lots."""
    usual = np.full((taken.shape[0] + 1, len(ahead)), np.nan, np.float32)
    for column, steps in enumerate(ahead):
        change = np.abs(taken[:, steps:] - taken[:, :-steps])
        known = ~np.isnan(change)
        count = known.sum(axis=1)
        total = np.where(known, change, 0).sum(axis=1)
        usual[:-1, column] = np.where(count >= LEAST_ROWS_OF_A_LOT, total / np.maximum(count, 1), 0)
        moving = usual[:-1, column] > LEAST_CHANGE
        if not moving.any():
            raise NothingMovesError("no lot has enough history with movement in it")
        usual[-1, column] = usual[:-1, column][moving].mean()
        usual[:-1, column][~moving] = usual[-1, column]
    return usual


def _rows(
    panel: Panel, days: Days, taken: Floats, ahead: Ints, usual: Floats, learning: Learning
) -> _Rows:
    """Return a sample of all forecasts whose truth is known, evenly over lots and horizons."""
    dice = np.random.default_rng(learning.centre.seed)
    per_cell = max(1, learning.most_rows // (len(panel.lot_ids) * len(ahead)))
    lots, ticks, steps = [], [], []
    for lot in range(len(panel.lot_ids)):
        known = ~np.isnan(taken[lot])
        for column, further in enumerate(ahead):
            usable = np.flatnonzero(known[:-further] & known[further:])
            if len(usable) > per_cell:
                usable = dice.choice(usable, per_cell, replace=False)
            lots.append(np.full(len(usable), lot, np.int64))
            ticks.append(usable.astype(np.int64))
            steps.append(np.full(len(usable), column, np.int64))
    of_lot, tick, horizon = (np.concatenate(each) for each in (lots, ticks, steps))
    asked = Asked(of_lot, tick, ahead[horizon], usual[of_lot, horizon])
    seen = features(past_of(panel, days), asked)
    without = np.flatnonzero(dice.random(len(tick)) < WITHOUT_WEEKS)
    seen[without[:, None], np.array(FROM_WEEKS)] = np.nan
    target = (taken[of_lot, tick + ahead[horizon]] - taken[of_lot, tick]) / asked.usual_change
    fold = tick // panel.steps(_fold_days(panel) * 24 * 60) % 2
    is_whole = np.ones(len(tick), np.bool_)
    is_whole[without] = False
    return _Rows(asked, seen, target.astype(np.float32), fold, is_whole)


def _fold_days(panel: Panel) -> int:
    """Return how long the blocks are that alternate between the folds: whole weeks if it can be."""
    return 7 if panel.ticks * panel.step >= FOUR_WEEKS else 1


def _factors(ratio: Floats, lots: Ints, count: int) -> tuple[Floats, Floats]:
    """Return by what the spread is multiplied below and above, per lot (split conformal)."""
    factors = np.empty((2, count + 1), np.float32)
    factors[:] = np.quantile(ratio, (LOW, HIGH))[:, None]
    for lot in range(count):
        of_lot = ratio[lots == lot]
        if len(of_lot) >= LEAST_ROWS_OF_A_LOT:
            factors[:, lot] = np.quantile(of_lot, (LOW, HIGH))
    return np.minimum(factors[0], 0), np.maximum(factors[1], 0)


def _reach(missed: Floats, width: Floats, low: Floats, high: Floats) -> float:
    """Return by what a horizon's intervals are stretched so that 80 % hold when told in places.

    Whole places and quiet nights let an interval hold more often than its share.
    """
    for reach in _REACHES:
        if (
            np.mean((missed >= low * width * reach - 0.5) & (missed <= high * width * reach + 0.5))
            >= HIGH - LOW
        ):
            return float(reach)
    return float(_REACHES[-1])


def forecast(model: Model, panel: Panel, days: Days, *, lots: Ints, ticks: Ints) -> Forecasts:
    """Return the forecasts issued for each lot at each tick, given pairwise.

    NaN where the lot's present is unknown. `days` must reach to the furthest horizon.
    """
    ahead = np.array([panel.steps(minutes) for minutes in model.horizons_min], np.int64)
    width = len(ahead)
    place = model.place_of(panel.lot_ids)[lots]
    asked = Asked(
        np.repeat(lots, width),
        np.repeat(ticks, width),
        np.tile(ahead, len(lots)),
        model.usual_change[place].reshape(-1),
    )
    first = int(ticks.min()) if len(ticks) else 0
    seen = features(past_of(panel, days, first=first), asked)
    centre = np.mean([trees.predict(seen) for trees in model.centres], axis=0)
    spread = np.maximum(model.spread.predict(seen), LEAST_SPREAD)
    low, high = (each[place].reshape(-1) for each in (model.low, model.high))
    shares = [
        np.clip(seen[:, 0] + asked.usual_change * change, 0, 1)
        for change in (
            centre,
            centre + low * spread,
            centre + high * spread,
        )
    ]
    capacity = panel.capacity[asked.lots]
    free, most, least = ((capacity * (1 - share)).reshape(-1, width) for share in shares)
    return Forecasts(free, least, most)

# SPDX-License-Identifier: EUPL-1.2
"""The scorer that docs/forecast.md defines: which lots and pairs count, and what is measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np

from parking_occupancy.domain.forecast.model import Forecasts
from parking_occupancy.domain.forecast.panel import Flags, Floats, Ints, Panel, earlier

LONGEST_GAP = timedelta(minutes=60)
LEAST_TICKS = 0.9
LEAST_DEVIATION = 0.02
LEAST_CHANGES = 0.05


class Standing(StrEnum):
    """Whether a lot counts, and if not, why not."""

    SCORED = "scored"
    NEW = "no movement before the test"
    TOO_FEW_TICKS = "less than 90 % of ticks"
    NO_MOVEMENT = "no real movement"


@dataclass(frozen=True, slots=True)
class Score:
    """Mean absolute errors in places over the same forecasts, and how often the interval held."""

    forecasts: int
    mae: float
    mae_persistence: float
    mae_seasonal_mean: float
    coverage: float
    width: float

    @property
    def relative(self) -> float:
        """Return the error in parts of persistence's; NaN where nothing changed."""
        return self.mae / self.mae_persistence if self.mae_persistence else float("nan")

    @property
    def seasonal_relative(self) -> float:
        """Return the seasonal mean's error in parts of persistence's."""
        return (
            self.mae_seasonal_mean / self.mae_persistence if self.mae_persistence else float("nan")
        )


def standings(panel: Panel, split: int) -> list[Standing]:
    """Return how each lot stands, seen before and from the tick at which the test begins."""
    known = ~np.isnan(panel.free)
    ran: Flags = np.any(known, axis=0)
    found = []
    for lot in range(len(panel.lot_ids)):
        ticks, moves = _part(panel, known, ran, lot, slice(0, split))
        begin = split if moves else _first_change(panel, lot, split)
        test_ticks, test_moves = _part(panel, known, ran, lot, slice(begin, None))
        if not test_moves:
            found.append(Standing.NO_MOVEMENT)
        elif test_ticks < LEAST_TICKS or (moves and ticks < LEAST_TICKS):
            found.append(Standing.TOO_FEW_TICKS)
        else:
            found.append(Standing.SCORED if moves else Standing.NEW)
    return found


def _first_change(panel: Panel, lot: int, split: int) -> int:
    """Return the tick from which on a lot that never moved before is looked at."""
    known = np.flatnonzero(~np.isnan(panel.free[lot, split:])) + split
    values = panel.free[lot, known]
    changes = np.flatnonzero(np.diff(values))
    return int(known[changes[0]]) if len(changes) else split


def _part(panel: Panel, known: Flags, ran: Flags, lot: int, part: slice) -> tuple[float, bool]:
    """Return the share of ticks at which the lot is known, and whether it really moves."""
    here = known[lot, part]
    share = here.sum() / max(1, ran[part].sum())
    values = panel.free[lot, part][here]
    if len(values) < 2 or panel.capacity[lot] <= 0:
        return float(share), False
    changes = np.mean(np.diff(values) != 0)
    deviation = np.std(values) / panel.capacity[lot]
    return float(share), bool(deviation >= LEAST_DEVIATION and changes >= LEAST_CHANGES)


def unbroken(panel: Panel) -> Ints:
    """Return how many ticks lie in gaps of more than 60 minutes, summed up along each lot."""
    unknown = np.isnan(panel.free)
    longest = LONGEST_GAP // panel.step
    in_gap = np.zeros(unknown.shape, bool)
    for lot in range(unknown.shape[0]):
        borders = np.flatnonzero(np.diff(np.concatenate([[False], unknown[lot], [False]])))
        for begin, end in zip(borders[::2], borders[1::2], strict=True):
            # n unknown ticks part two known ones by n + 1 steps
            in_gap[lot, begin:end] = end - begin + 1 > longest
    return np.cumsum(in_gap, axis=1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Issued:
    """Forecasts of one lot as they were told, with what came and what the baselines said.

    Each array is [forecast, horizon]; NaN where it does not count.
    """

    truth: Floats
    persistence: Floats
    seasonal_mean: Floats
    told: Forecasts


def truth_of(panel: Panel, gaps: Ints, *, lot: int, ticks: Ints, ahead: Ints) -> Floats:
    """Return what was free at each target; NaN across a gap of more than 60 minutes."""
    lots = np.full((len(ticks), len(ahead)), lot, np.int64)
    target = ticks[:, None] + ahead[None, :]
    truth = earlier(panel.free, lots, target)
    last = np.minimum(target, panel.ticks - 1)
    crossed = gaps[lot, last] != gaps[lot, ticks][:, None]
    return np.where(crossed, np.float32(np.nan), truth)


def score(issued: Issued) -> list[Score | None]:
    """Return one score per horizon, over the forecasts for which all is known; None without any."""
    told = issued.told
    usable = ~np.isnan(issued.truth + issued.persistence + issued.seasonal_mean + told.free)
    return [_score(issued, usable[:, column], column) for column in range(usable.shape[1])]


def _score(issued: Issued, usable: Flags, column: int) -> Score | None:
    count = int(usable.sum())
    if not count:
        return None
    truth = issued.truth[usable, column]
    low, high = issued.told.low[usable, column], issued.told.high[usable, column]

    def mae(values: Floats) -> float:
        return float(np.mean(np.abs(values[usable, column] - truth)))

    return Score(
        forecasts=count,
        mae=mae(issued.told.free),
        mae_persistence=mae(issued.persistence),
        mae_seasonal_mean=mae(issued.seasonal_mean),
        coverage=float(np.mean((low <= truth) & (truth <= high))),
        width=float(np.mean(high - low)),
    )

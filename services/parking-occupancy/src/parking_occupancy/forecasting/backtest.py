# SPDX-License-Identifier: EUPL-1.2
"""The backtest: learn before a date, forecast after it, score as docs/forecast.md says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import fmean

import numpy as np

from parking_occupancy.domain.forecast.adapting import next_reach, stretched
from parking_occupancy.domain.forecast.baselines import persistence, seasonal_mean
from parking_occupancy.domain.forecast.calendar import Calendar, Days, days_of
from parking_occupancy.domain.forecast.model import Forecasts, Learning, Model, fit, forecast
from parking_occupancy.domain.forecast.panel import Floats, Ints, Panel
from parking_occupancy.domain.forecast.scoring import (
    Issued,
    Score,
    Standing,
    score,
    standings,
    truth_of,
    unbroken,
)
from parking_occupancy.domain.forecast.weather import Measured

FURTHEST_MIN = 240
SHORTEST_MIN = 15
Scores = Mapping[str, Sequence[Score | None]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a backtest found: scores per lot and horizon, and how each lot stands."""

    horizons_min: tuple[int, ...]
    standing: Mapping[str, Standing]
    scores: Scores

    def mean(self, horizon: int, name: str) -> float:
        """Return the mean over the scored lots of one property of a horizon's scores."""
        found = [
            getattr(each[horizon], name)
            for lot_id, each in self.scores.items()
            if self.standing[lot_id] is Standing.SCORED and each[horizon] is not None
        ]
        return fmean(value for value in found if value == value) if found else float("nan")  # noqa: PLR0124


def horizons(panel: Panel) -> tuple[int, ...]:
    """Return the horizons that a panel's step allows, in minutes."""
    step = max(SHORTEST_MIN, panel.step_min)
    return tuple(range(step, FURTHEST_MIN + 1, step))


def backtest(
    panel: Panel,
    calendar: Calendar,
    test_from: datetime,
    *,
    horizons_min: Sequence[int] = (),
    learning: Learning | None = None,
    measured: Sequence[Measured] = (),
) -> Result:
    """Learn from what lies before the test and score every forecast issued from then on.

    Raises ValueError where there is nothing to learn from or to test.
    """
    asked = tuple(horizons_min) or horizons(panel)
    split = panel.tick_of(test_from)
    if not 0 < split < panel.ticks:
        raise ValueError("the test must begin within the series")
    standing = dict(zip(panel.lot_ids, standings(panel, split), strict=True))
    days = days_of(panel, calendar, further=panel.steps(max(asked)), measured=measured)
    learned = [lot for lot, each in enumerate(standing.values()) if each is Standing.SCORED]
    if not learned:
        raise ValueError("no lot moves enough, or is known often enough, to be scored")
    model = fit(_only(panel.until(split), learned), days, asked, learning or Learning())
    counted = {Standing.SCORED, Standing.NEW}
    gaps = unbroken(panel)
    scores = {
        lot_id: _score_lot(model, panel, days, lot=lot, split=split, gaps=gaps)
        for lot, lot_id in enumerate(panel.lot_ids)
        if standing[lot_id] in counted
    }
    return Result(asked, standing, scores)


def _only(panel: Panel, lots: Sequence[int]) -> Panel:
    return Panel(
        tuple(panel.lot_ids[lot] for lot in lots),
        panel.start,
        panel.step,
        panel.free[list(lots)],
        panel.capacity[list(lots)],
    )


def _score_lot(
    model: Model, panel: Panel, days: Days, *, lot: int, split: int, gaps: Ints
) -> list[Score | None]:
    ticks = np.arange(split, panel.ticks, dtype=np.int64)
    lots = np.full(len(ticks), lot, np.int64)
    ahead = np.array([panel.steps(minutes) for minutes in model.horizons_min], np.int64)
    truth = truth_of(panel, gaps, lot=lot, ticks=ticks, ahead=ahead)
    forecasts = forecast(model, panel, days, lots=lots, ticks=ticks)
    seasonal = [seasonal_mean(panel, days, lots, ticks + steps) for steps in ahead]
    return score(
        Issued(
            truth=truth,
            persistence=np.repeat(persistence(panel, lots, ticks)[:, None], len(ahead), axis=1),
            seasonal_mean=np.stack(seasonal, axis=1),
            told=_as_the_days_went(forecasts, truth, ahead, panel.capacity[lot], days, split),
        )
    )


def _as_the_days_went(
    forecasts: Forecasts, truth: Floats, ahead: Ints, capacity: Floats, days: Days, split: int
) -> Forecasts:
    """Return what would have been told: each day's intervals by the coverage of the days before.

    A forecast is news on the day of its target, so that nothing is used before it was known.
    """
    reach = np.ones(len(ahead), np.float32)
    told = in_places(forecasts)
    begins = np.append(0, np.flatnonzero(np.diff(days.minute[split : split + len(truth)]) < 0) + 1)
    for begin, end in pairwise([*begins, len(truth)]):
        today = slice(begin, end)
        part = Forecasts(forecasts.free[today], forecasts.low[today], forecasts.high[today])
        part = in_places(stretched(part, reach, capacity))
        told.low[today], told.high[today] = part.low, part.high
        reach = next_reach(reach, _coverage(told, truth, ahead, begin, end))
    return told


def _coverage(told: Forecasts, truth: Floats, ahead: Ints, begin: int, end: int) -> Floats:
    """Return per horizon how often intervals held whose targets lie between two ticks."""
    found = np.full(len(ahead), np.nan, np.float32)
    for column, steps in enumerate(ahead):
        of = slice(max(0, begin - steps), max(0, end - steps))
        known = ~np.isnan(truth[of, column])
        if known.any():
            held = (told.low[of, column] <= truth[of, column]) & (
                truth[of, column] <= told.high[of, column]
            )
            found[column] = held[known].mean()
    return found


def in_places(forecasts: Forecasts) -> Forecasts:
    """Return forecasts in whole places, as they are published."""
    return Forecasts(np.round(forecasts.free), np.round(forecasts.low), np.round(forecasts.high))

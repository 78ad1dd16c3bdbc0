# SPDX-License-Identifier: EUPL-1.2
"""The backtest: forecast each day of the test from the days before it, score what was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from vehicle_occupancy.domain.forecast.baselines import historical_mean, last_week
from vehicle_occupancy.domain.forecast.calendar import Calendar, Days, days_of
from vehicle_occupancy.domain.forecast.expecting import Expected, expected
from vehicle_occupancy.domain.forecast.levels import Borders
from vehicle_occupancy.domain.forecast.model import Model, fit, told, told_live
from vehicle_occupancy.domain.forecast.scoring import (
    Came,
    Compared,
    Reliability,
    Score,
    compared,
    joined,
    reliability,
    score,
)
from vehicle_occupancy.domain.forecast.series import Cells, Floats, Panel
from vehicle_occupancy.domain.forecast.upstream import AHEAD_MIN, move_before, move_by

DAY_AHEAD = 0
STEPS = (1, 2, 4, 8)
"""How many cells upstream the latest value lies, for the live forecasts that are scored."""


@dataclass(frozen=True, slots=True)
class Result:
    """Scores by distance: 0 the day before, else the value so many cells upstream was known."""

    overall: Mapping[int, Score]
    of_group: Mapping[tuple[int, int], Score]
    reliability: Mapping[int, Sequence[Reliability]]
    before: Mapping[int, Score]
    """of all, by how many minutes before each departure it was said; empty for places"""
    days: int


def backtest(
    panel: Panel,
    calendar: Calendar,
    levels: Borders,
    *,
    test_from: date,
    minutes: Sequence[int] = AHEAD_MIN,
    done: Callable[[], None] = lambda: None,
) -> Result:
    """Learn from what lies before the test, then go through its days.

    Shares of misses and of what upstream tells are learned once, before the test; what is expected
    of a day sees all days before it. Raises ValueError where there is nothing to learn or to test.
    """
    split = (test_from - panel.first).days
    if not 0 < split < panel.days:
        raise ValueError("the test must begin within the series")
    days = days_of(panel.first, panel.days, calendar)
    model = fit(panel.until(split), days)
    rows: dict[int, list[Compared]] = {step: [] for step in (DAY_AHEAD, *STEPS)}
    timed: dict[int, list[Compared]] = {each: [] for each in minutes}
    for target in range(split, panel.days):
        today, came = _known(panel, days, levels, target)
        for step, found in _day(model, panel.cells, today, levels, came).items():
            rows[step].append(found)
        for each in minutes:
            moved = move_before(model.update, panel.cells, today, came.truth, each)
            said = told_live(model, panel.cells, moved, levels)
            timed[each].append(compared(said, slice(None), came))
        done()
    return _result(rows, timed, panel)


def _known(panel: Panel, days: Days, levels: Borders, target: int) -> tuple[Expected, Came]:
    """Return what was expected of a day the day before, and what came."""
    before = panel.until(target)
    came = Came(
        truth=panel.value[:, target],
        last_week=last_week(before, target),
        historical_mean=historical_mean(before, days, target),
        levels=levels,
        group=panel.cells.group,
    )
    return expected(before, days, target), came


def _day(
    model: Model, cells: Cells, today: Expected, levels: Borders, came: Came
) -> dict[int, Compared]:
    """Return the forecasts of one day, made the day before and with values upstream."""
    found = {DAY_AHEAD: compared(told(model, cells, today, levels), slice(None), came)}
    for step in STEPS:
        later, moved = move_by(model.update, cells, today, came.truth, step)
        forecast = told_live(model, cells.only(later), moved, levels.only(later))
        found[step] = compared(forecast, later, came)
    return found


def _result(
    rows: Mapping[int, Sequence[Compared]], timed: Mapping[int, Sequence[Compared]], panel: Panel
) -> Result:
    overall, of_group, held = {}, {}, {}
    for step, parts in rows.items():
        all_rows = joined(parts)
        found = score(all_rows)
        if found is None:
            continue
        overall[step] = found
        held[step] = reliability(all_rows)
        for group in range(panel.cells.groups):
            of = score(all_rows.only(all_rows.group == group))
            if of is not None:
                of_group[step, group] = of
    if not overall:
        raise ValueError("no forecast of the test can be compared with both baselines")
    before = {each: score(joined(parts)) for each, parts in timed.items()}
    known = {each: found for each, found in before.items() if found is not None}
    return Result(overall, of_group, held, known, len(rows[DAY_AHEAD]))


def capacities(panel: Panel, stated: Floats, split: int) -> Floats:
    """Return the most that each group usually reached before the test, where none is stated.

    The 99th percentile of the group's values.
    """
    usual = np.zeros(panel.cells.groups, np.float32)
    for group in range(panel.cells.groups):
        values = panel.value[panel.cells.group == group, :split]
        known = values[~np.isnan(values)]
        usual[group] = max(1.0, float(np.quantile(known, 0.99))) if len(known) else 1.0
    return np.where(np.isnan(stated), usual[panel.cells.group], stated).astype(np.float32)

"""The backtest: forecast each day of the test from the days before it, score what was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from vehicle_occupancy.domain.forecast.baselines import historical_mean, last_week
from vehicle_occupancy.domain.forecast.calendar import Calendar, Days, days_of
from vehicle_occupancy.domain.forecast.expecting import expected
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
from vehicle_occupancy.domain.forecast.series import Floats, Panel
from vehicle_occupancy.domain.forecast.upstream import move_by

DAY_AHEAD = 0
STEPS = (1, 2, 4, 8)
"""How many cells upstream the latest value lies, for the live forecasts that are scored."""


@dataclass(frozen=True, slots=True)
class Result:
    """Scores by distance: 0 the day before, else the value so many cells upstream was known."""

    overall: Mapping[int, Score]
    of_group: Mapping[tuple[int, int], Score]
    reliability: Mapping[int, Sequence[Reliability]]
    days: int


def backtest(
    panel: Panel,
    calendar: Calendar,
    levels: Borders,
    *,
    test_from: date,
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
    for target in range(split, panel.days):
        for step, found in _day(model, panel, days, levels, target).items():
            rows[step].append(found)
        done()
    return _result(rows, panel)


def _day(
    model: Model, panel: Panel, days: Days, levels: Borders, target: int
) -> dict[int, Compared]:
    """Return the forecasts of one day, made the day before and with values upstream."""
    cells, value = panel.cells, panel.value[:, target]
    before = panel.until(target)
    today = expected(before, days, target)

    came = Came(
        truth=value,
        last_week=last_week(before, target),
        historical_mean=historical_mean(before, days, target),
        levels=levels,
        group=cells.group,
    )
    found = {DAY_AHEAD: compared(told(model, cells, today, levels), slice(None), came)}
    for step in STEPS:
        later, moved = move_by(model.update, cells, today, value, step)
        forecast = told_live(model, cells.only(later), moved, levels.only(later))
        found[step] = compared(forecast, later, came)
    return found


def _result(rows: Mapping[int, Sequence[Compared]], panel: Panel) -> Result:
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
    return Result(overall, of_group, held, len(rows[DAY_AHEAD]))


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

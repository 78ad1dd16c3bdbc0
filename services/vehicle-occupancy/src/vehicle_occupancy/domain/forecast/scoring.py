# SPDX-License-Identifier: EUPL-1.2
"""The scorer that docs/forecast-vehicles.md defines: errors, intervals, levels, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from vehicle_occupancy.domain.forecast.levels import NAMES, Borders, chances
from vehicle_occupancy.domain.forecast.model import Forecast
from vehicle_occupancy.domain.forecast.series import Flags, Floats, Ints

TENTHS = 10


@dataclass(frozen=True, slots=True)
class Compared:
    """Forecasts, what came, and what the baselines said, one row each."""

    truth: Floats
    load: Floats
    low: Floats
    high: Floats
    at_least_medium: Floats
    at_least_high: Floats
    last_week: Floats
    historical_mean: Floats
    medium: Floats
    high_from: Floats
    """from how many persons on the levels medium and high begin"""
    group: Ints

    @property
    def levels(self) -> Borders:
        """Return where levels begin."""
        return Borders(self.medium, self.high_from)

    def only(self, chosen: Flags) -> Compared:
        """Return some of the rows."""
        return Compared(**{each.name: getattr(self, each.name)[chosen] for each in fields(self)})

    def counting(self) -> Compared:
        """Return the rows for which truth, forecast and both baselines are known."""
        known = ~np.isnan(self.truth + self.load + self.last_week + self.historical_mean)
        return self.only(known)


@dataclass(frozen=True, slots=True)
class Score:
    """Mean errors in persons over the same forecasts; how often intervals and levels held."""

    forecasts: int
    mae: float
    mae_last_week: float
    mae_historical_mean: float
    coverage: float
    width: float
    level_accuracy: float
    level_accuracy_last_week: float
    level_accuracy_historical_mean: float
    brier: float
    """Brier score of the three levels (0 best, 2 worst)"""
    mae_day_ahead: float | None = None
    """of live forecasts: the error of those of the day before, over the same departures"""

    @property
    def relative_to_last_week(self) -> float:
        """Return the error in parts of last week's."""
        return self.mae / self.mae_last_week if self.mae_last_week else float("nan")

    @property
    def relative_to_mean(self) -> float:
        """Return the error in parts of the historical mean's."""
        return self.mae / self.mae_historical_mean if self.mae_historical_mean else float("nan")


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of the forecasts that gave an event this probability: how many, and how often it came."""

    said: float
    came: float
    forecasts: int


def joined(parts: Sequence[Compared]) -> Compared:
    """Return the rows of all parts."""
    return Compared(
        **{
            each.name: np.concatenate([getattr(part, each.name) for part in parts])
            for each in fields(Compared)
        }
    )


@dataclass(frozen=True, slots=True)
class Came:
    """What came on a day, what the baselines said of it, and where levels begin; all cells."""

    truth: Floats
    last_week: Floats
    historical_mean: Floats
    levels: Borders
    group: Ints


def compared(forecast: Forecast, chosen: Ints | Flags | slice, came: Came) -> Compared:
    """Return a forecast of the chosen cells beside what came."""
    return Compared(
        truth=came.truth[chosen],
        load=np.round(forecast.load),
        low=forecast.low,
        high=forecast.high,
        at_least_medium=forecast.at_least_medium,
        at_least_high=forecast.at_least_high,
        last_week=came.last_week[chosen],
        historical_mean=came.historical_mean[chosen],
        medium=came.levels.medium[chosen],
        high_from=came.levels.high[chosen],
        group=came.group[chosen],
    )


def score(rows: Compared) -> Score | None:
    """Return the score of the rows that count; None without any."""
    rows = rows.counting()
    if not len(rows.truth):
        return None
    truth = rows.truth
    level = rows.levels.of(truth)
    chance = chances(rows.at_least_medium, rows.at_least_high)

    def mae(values: Floats) -> float:
        return float(np.mean(np.abs(values - truth)))

    def hits(values: Floats) -> float:
        return float(np.mean(rows.levels.of(np.round(values)) == level))

    return Score(
        forecasts=len(truth),
        mae=mae(rows.load),
        mae_last_week=mae(rows.last_week),
        mae_historical_mean=mae(rows.historical_mean),
        coverage=float(np.mean((rows.low <= truth) & (truth <= rows.high))),
        width=float(np.mean(rows.high - rows.low)),
        level_accuracy=float(np.mean(chance.argmax(axis=1) == level)),
        level_accuracy_last_week=hits(rows.last_week),
        level_accuracy_historical_mean=hits(rows.historical_mean),
        brier=float(np.mean(np.square(chance - np.eye(3)[level]).sum(axis=1))),
    )


def reliability(rows: Compared) -> list[Reliability]:
    """Return, by tenths of the probability told, how often the level high came."""
    rows = rows.counting()
    came = rows.levels.of(rows.truth) == NAMES.index("high")
    tenth = np.minimum((rows.at_least_high * TENTHS).astype(np.int64), TENTHS - 1)
    found = []
    for each in range(TENTHS):
        chosen = tenth == each
        if chosen.any():
            said = float(rows.at_least_high[chosen].mean())
            found.append(Reliability(said, float(came[chosen].mean()), int(chosen.sum())))
    return found

"""Two periods of a lot compared, day by day: differences with bootstrap intervals. Pure.

Days are drawn again with replacement within each period (Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, chapters 6 and 13); the generator is seeded, so that an answer can be had again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

DRAWS = 2000
SEED = 20260401
LEAST_DAYS = 5
"""Of fewer days a resampled mean says nothing of how sure it is."""

LEAST_COMPLETENESS = 0.8


class Day(NamedTuple):
    """One day of a lot, as in `parking.v1_stay_day`; `unserved` vehicles would have come while full."""

    day: date
    completeness: float
    arrivals: int
    turnover: float | None = None
    dwell_median_min: float | None = None
    dwell_mean_min: float | None = None
    full_share: float | None = None
    failed_entries: float | None = None
    unserved: float | None = None
    simulated: bool = False


WARNING = (
    (
        "Ein Unterschied ist kein Beweis: Wetter, Jahreszeit, Ferien, Baustellen, Preise und"
        " Nachbarflächen ändern sich mit. Vergleichen Sie gleiche Jahreszeiten und einen Parkplatz"
        " ohne Maßnahme."
    ),
    (
        "A difference is no proof: weather, season, holidays, works, prices and lots nearby change"
        " as well. Compare equal seasons, and a lot without the measure."
    ),
)

MEASURES = (
    "arrivals",
    "turnover",
    "dwell_median_min",
    "dwell_mean_min",
    "full_share",
    "failed_entries",
    "unserved",
)


class Compared(NamedTuple):
    """A measure's daily means before and after; nine in ten resamples differ by `low` to `high`.

    The interval is none where either period has too few days.
    """

    measure: str
    days_before: int
    days_after: int
    before: float
    after: float
    difference: float
    low: float | None
    high: float | None


def usable(days: Sequence[Day]) -> list[Day]:
    """Return the days that are known well enough to be compared."""
    return [day for day in days if day.completeness >= LEAST_COMPLETENESS]


def compare(before: Sequence[Day], after: Sequence[Day]) -> list[Compared]:
    """Return each measure that both periods have; weekdays and weekends weigh as many as there are."""
    found = []
    for measure in MEASURES:
        first, second = _values(before, measure), _values(after, measure)
        if first.size and second.size:
            found.append(_compared(measure, first, second))
    return found


def _values(days: Sequence[Day], measure: str) -> np.ndarray:
    values = [getattr(day, measure) for day in usable(days)]
    return np.array([value for value in values if value is not None], dtype=float)


def _compared(measure: str, before: np.ndarray, after: np.ndarray) -> Compared:
    low = high = None
    if min(before.size, after.size) >= LEAST_DAYS:
        dice = np.random.default_rng(SEED)
        drawn = _means(dice, after) - _means(dice, before)
        low, high = (float(each) for each in np.quantile(drawn, (0.05, 0.95)))
    first, second = float(before.mean()), float(after.mean())
    return Compared(measure, before.size, after.size, first, second, second - first, low, high)


def _means(dice: np.random.Generator, values: np.ndarray) -> np.ndarray:
    return np.asarray(values[dice.integers(0, values.size, (DRAWS, values.size))].mean(axis=1))

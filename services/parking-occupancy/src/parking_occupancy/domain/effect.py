# SPDX-License-Identifier: EUPL-1.2
"""Two periods of a lot compared, like days with like: differences with bootstrap intervals. Pure.

Days are drawn again with replacement within each period and kind of day (Efron and Tibshirani, An
Introduction to the Bootstrap, 1993, chapters 6 and 13); the generator is seeded, so that an answer
can be had again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import numpy as np

DRAWS = 2000
SEED = 20260401
LEAST_DAYS = 5
"""Of fewer days a resampled mean says nothing of how sure it is."""

LEAST_ALIKE = 2
"""Of one day alone nobody can tell how much such days differ."""

LEAST_COMPLETENESS = 0.8


class Day(NamedTuple):
    """One day of a lot, as in `parking.v1_stay_day`; what is not known of it is none."""

    day: date
    completeness: float
    arrivals: int
    turnover: float | None = None
    dwell_median_min: float | None = None
    dwell_mean_min: float | None = None
    full_share: float | None = None
    full_arrivals: float | None = None
    failed_entries: float | None = None
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
    "full_arrivals",
    "failed_entries",
)


class MatchedBy(StrEnum):
    """Which days are alike: of one weekday, or weekdays, Saturdays, Sundays; holidays are Sundays."""

    WEEKDAY = "weekday"
    DAY_TYPE = "day_type"


class Insufficient(StrEnum):
    """Why there is no interval, or no comparison at all."""

    NO_LIKE_DAYS = "no_like_days"
    FEW_DAYS = "few_days"
    FEW_LIKE_DAYS = "few_like_days"


class Compared(NamedTuple):
    """A measure's mean over a week of like days before and after; none where no days are alike.

    Nine in ten resamples differ by `low` to `high`; `insufficient` says why there is no interval.
    """

    measure: str
    days_before: int
    days_after: int
    matched_by: MatchedBy
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    insufficient: Insufficient | None


def usable(days: Sequence[Day]) -> list[Day]:
    """Return the days that are known well enough to be compared."""
    return [day for day in days if day.completeness >= LEAST_COMPLETENESS]


def compare(
    before: Sequence[Day], after: Sequence[Day], holidays: Collection[date] = ()
) -> list[Compared]:
    """Return each measure that both periods have."""
    found = []
    for measure in MEASURES:
        first, second = _values(before, measure), _values(after, measure)
        if first and second:
            found.append(_compared(measure, first, second, holidays))
    return found


Values = list[tuple[date, float]]
ByKind = dict[int, np.ndarray]


def _values(days: Sequence[Day], measure: str) -> Values:
    told = ((day.day, getattr(day, measure)) for day in usable(days))
    return [(day, float(value)) for day, value in told if value is not None]


def _compared(measure: str, before: Values, after: Values, holidays: Collection[date]) -> Compared:
    matched_by, first, second, weights = _matched(before, after, holidays)
    days, days_after = (sum(len(values) for values in each.values()) for each in (first, second))
    if not first:
        lacking = Insufficient.NO_LIKE_DAYS
        return Compared(
            measure, len(before), len(after), matched_by, None, None, None, None, None, lacking
        )
    mean, later = (
        sum(weight * float(each[kind].mean()) for kind, weight in weights.items())
        for each in (first, second)
    )
    insufficient = None
    if min(days, days_after) < LEAST_DAYS:
        insufficient = Insufficient.FEW_DAYS
    elif any(len(values) < LEAST_ALIKE for each in (first, second) for values in each.values()):
        insufficient = Insufficient.FEW_LIKE_DAYS
    low, high = (None, None) if insufficient else _interval(first, second, weights)
    difference = later - mean
    return Compared(
        measure, days, days_after, matched_by, mean, later, difference, low, high, insufficient
    )


def _matched(
    before: Values, after: Values, holidays: Collection[date]
) -> tuple[MatchedBy, ByKind, ByKind, dict[int, float]]:
    """Return the values of days that both periods have, by kind, and how much a kind weighs.

    By weekday where each has enough days in both periods, else by type of day.
    """

    def weekday(day: date) -> int:
        return 6 if day in holidays else day.weekday()

    def day_type(day: date) -> int:
        return max(weekday(day) - 4, 0)

    first, second = _grouped(before, weekday), _grouped(after, weekday)
    enough = all(
        len(each.get(kind, ())) >= LEAST_ALIKE
        for each in (first, second)
        for kind in first.keys() | second.keys()
    )
    matched_by, days_a_week = MatchedBy.WEEKDAY, dict.fromkeys(range(7), 1)
    if not enough:
        first, second = _grouped(before, day_type), _grouped(after, day_type)
        matched_by, days_a_week = MatchedBy.DAY_TYPE, {0: 5, 1: 1, 2: 1}
    both = first.keys() & second.keys()
    whole = sum(days_a_week[kind] for kind in both)
    return (
        matched_by,
        {kind: first[kind] for kind in both},
        {kind: second[kind] for kind in both},
        {kind: days_a_week[kind] / whole for kind in sorted(both)},
    )


def _grouped(values: Values, kind_of: Callable[[date], int]) -> ByKind:
    found: defaultdict[int, list[float]] = defaultdict(list)
    for day, value in values:
        found[kind_of(day)].append(value)
    return {kind: np.array(each) for kind, each in found.items()}


def _interval(first: ByKind, second: ByKind, weights: dict[int, float]) -> tuple[float, float]:
    dice = np.random.default_rng(SEED)
    drawn = sum(
        weight * (_means(dice, second[kind]) - _means(dice, first[kind]))
        for kind, weight in weights.items()
    )
    low, high = np.quantile(drawn, (0.05, 0.95))
    return float(low), float(high)


def _means(dice: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Return means of resamples, spread as much as those of the days themselves.

    A resample of n varies by (n - 1) / n of that, which matters for few.
    """
    mean, widened = values.mean(), np.sqrt(values.size / (values.size - 1))
    drawn = values[dice.integers(0, values.size, (DRAWS, values.size))].mean(axis=1)
    return np.asarray(mean + (drawn - mean) * widened)

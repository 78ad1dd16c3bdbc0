# SPDX-License-Identifier: EUPL-1.2
"""From sums to a value with its completeness, or to no value with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from kpi_aggregator.domain.formula import Aggregation, Formula
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.sums import Amount, Sums

HIGH, MEDIUM = 0.95, 0.8
ROUNDING = 1e-9


class Reason(StrEnum):
    """Why there is no value."""

    SOURCE_MISSING = "source_missing"
    NO_DATA = "no_data"
    INCOMPLETE = "incomplete"
    DIVISION_BY_ZERO = "division_by_zero"
    IMPOSSIBLE = "impossible"
    NOTHING_BEFORE = "nothing_before"
    NOT_KEPT = "not_kept"
    SMALL_COUNT = "small_count"
    NOT_ENTERED = "not_entered"
    NOT_CONFIRMED = "not_confirmed"
    """A value was entered, but so far: it or its source is of before the period's end."""
    NOT_COMPUTED = "not_computed"


class Confidence(StrEnum):
    """How far a value may be trusted: `high` from 95 % of the data, `medium` from 80 %."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A period's value, or the reason why there is none.

    `lowest` and `highest` are what it could be if the data that are missing were extreme; none
    where the indicator has no such bound.
    """

    value: float | None
    reason: Reason | None
    completeness: float
    confidence: Confidence | None
    lowest: float | None
    highest: float | None
    amount: Amount

    @property
    def simulated(self) -> bool:
        """Tell whether any of it was simulated."""
        return self.amount.simulated


def missing(reason: Reason) -> Outcome:
    """Return that there is no value since there are no data."""
    return Outcome(None, reason, 0.0, None, None, None, Amount())


@dataclass(frozen=True, slots=True)
class Before:
    """What the days that others are held against amount to, and how many they are."""

    sums: Sums
    days: int

    @property
    def completeness(self) -> float:
        """Return which share of what was expected then is known."""
        return completeness(self.sums, self.days)

    def value(self, formula: Formula) -> float | None:
        """Return the value of these days; none of too few data."""
        if self.completeness < formula.least_completeness - ROUNDING:
            return None
        return _value(formula, self.sums.amount)


def outcome(
    formula: Formula, indicator: Indicator, sums: Sums, *, days: int, before: Before | None = None
) -> Outcome:
    """Return a period's value from its sums; `days` is how many of its days are over and count.

    No value rather than a wrong one: too few data, nothing to divide by, or a number outside of
    the indicator's bounds are told as such.
    """
    share = completeness(sums, days)
    if not sums.days or not days:
        return missing(Reason.NO_DATA)
    if formula.quiet_days and formula.heartbeat is not None and sums.amount.known <= 0:
        return missing(Reason.NOT_KEPT)
    reason = None
    value = _value(formula, sums.amount)
    if before is not None and value is not None:
        base = before.value(formula)
        value = None if base is None else value - base
        reason = Reason.NOTHING_BEFORE if base is None else None
        share = min(share, before.completeness)
    if reason is not None:
        pass
    elif share < formula.least_completeness - ROUNDING:
        reason = Reason.INCOMPLETE
    elif value is None:
        reason = Reason.DIVISION_BY_ZERO
    elif not _possible(indicator, value):
        reason = Reason.IMPOSSIBLE
    if reason is not None or value is None:
        return Outcome(None, reason, share, None, None, None, sums.amount)
    lowest, highest = _bounds(formula, indicator, value, share)
    return Outcome(value, None, share, _confidence(share), lowest, highest, sums.amount)


def completeness(sums: Sums, days: int) -> float:
    """Return which share of what was expected is known; days without anything lack it all."""
    amount = sums.amount
    if not days or amount.expected <= 0:
        return 0.0
    share = amount.known / amount.expected * min(sums.days / days, 1.0)
    return min(max(share, 0.0), 1.0)


def _value(formula: Formula, amount: Amount) -> float | None:
    if not formula.aggregation.is_share:
        return amount.numerator
    if amount.denominator == 0:
        return None
    return formula.factor * amount.numerator / amount.denominator


def _possible(indicator: Indicator, value: float) -> bool:
    slack = ROUNDING * max(1.0, abs(value))
    above = indicator.minimum is None or value >= indicator.minimum - slack
    below = indicator.maximum is None or value <= indicator.maximum + slack
    return isfinite(value) and above and below


def _confidence(share: float) -> Confidence:
    if share >= HIGH - ROUNDING:
        return Confidence.HIGH
    return Confidence.MEDIUM if share >= MEDIUM - ROUNDING else Confidence.LOW


def _bounds(
    formula: Formula, indicator: Indicator, value: float, share: float
) -> tuple[float | None, float | None]:
    """Return between what the value lies whatever the missing data are."""
    if formula.before is not None:
        return None, None
    if formula.aggregation in {Aggregation.SUM, Aggregation.MEMBERS, Aggregation.NEW_MEMBERS}:
        return value, value if share >= 1 - ROUNDING else None
    lowest, highest = indicator.minimum, indicator.maximum
    return (
        None if lowest is None else share * value + (1 - share) * lowest,
        None if highest is None else share * value + (1 - share) * highest,
    )

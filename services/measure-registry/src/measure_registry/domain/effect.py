# SPDX-License-Identifier: EUPL-1.2
"""Before and after: what an indicator said on both sides of a day, without a word on why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

MOST_PERIODS = 12
LENGTHS: Mapping[str, int] = MappingProxyType(
    {"month": 1, "quarter": 3, "year": 12, "week": 0, "day": 0}
)
"""Periods in the order in which they are preferred, with their months."""
DAYS = MappingProxyType({"week": 7, "day": 1})
WARNING: Mapping[str, str] = MappingProxyType(
    {
        "de": "Vorher und nachher zeigt, dass sich etwas geändert hat, nicht wodurch: Jahreszeit, andere Vorhaben und "
        "Zufall wirken mit. Ein ursächlicher Zusammenhang mit der Maßnahme ist damit nicht belegt.",
        "en": "Before and after shows that something has changed, not what changed it: season, other projects and "
        "chance have their part. It does not prove that the measure is the cause.",
    }
)


@dataclass(frozen=True, slots=True)
class Value:
    """What an indicator said of a period; no value where it could not be told.

    `in_force`: by the version of the indicator that holds now; others may be in another unit, or counted otherwise.
    """

    period: str
    period_start: date
    value: float | None
    completeness: float | None
    provisional: bool
    simulated: bool
    in_force: bool = True

    @property
    def end(self) -> date:
        """The first day after the period."""
        months = LENGTHS[self.period]
        if not months:
            return self.period_start + timedelta(days=DAYS[self.period])
        month = self.period_start.month - 1 + months
        return date(self.period_start.year + month // 12, month % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Side:
    """The values of one side, and their mean; the least completeness among them."""

    values: tuple[Value, ...]
    mean: float | None
    least_completeness: float | None

    @classmethod
    def of(cls, values: Sequence[Value]) -> Side:
        """Return the side that values make."""
        told = [each.value for each in values if each.value is not None]
        known = [each.completeness for each in values if each.completeness is not None]
        return cls(
            tuple(values), sum(told) / len(told) if told else None, min(known) if known else None
        )


@dataclass(frozen=True, slots=True)
class Baseline:
    """Where an indicator began, as the framework says: one value of a day; `made_up` for demonstration."""

    value: float
    unit: str
    at: date
    source: str | None
    made_up: bool


@dataclass(frozen=True, slots=True)
class Framed:
    """What the framework says of an indicator: the period that its values and its baseline are of, and the baseline.

    Neither where it does not say the period: a baseline of an unknown one compares with nothing.
    """

    period: str | None = None
    baseline: Baseline | None = None


UNFRAMED = Framed()


@dataclass(frozen=True, slots=True)
class Effect:
    """Both sides in periods of one length; `same_season` tells whether they are of the same months.

    `baseline` is there where it stands for a before that nobody measured; `left_out` is how many values of
    former versions there are, which compare with none of today's.
    """

    period: str | None
    before: Side
    after: Side
    same_season: bool
    baseline: Baseline | None = None
    left_out: int = 0

    @property
    def from_value(self) -> float | None:
        """What after is held against: the mean of measured values, else the baseline."""
        return self.before.mean if self.baseline is None else self.baseline.value

    @property
    def difference(self) -> float | None:
        """After less before; nothing where one side has no value."""
        if self.from_value is None or self.after.mean is None:
            return None
        return self.after.mean - self.from_value

    @property
    def relative(self) -> float | None:
        """The difference as a share of before."""
        if self.difference is None or not self.from_value:
            return None
        return self.difference / abs(self.from_value)


def effect(values: Sequence[Value], effective_on: date, framed: Framed = UNFRAMED) -> Effect:
    """Return up to twelve periods before a day and after it; one that holds the day is of neither side.

    A period that is not over (`provisional`) is of neither side: a count of a few days is none of a year; nor is a value of a
    version that is not in force, which may be in another unit. Where the
    indicator's own period is known, only its values count: a month's sum is none of a year. Where it is not, of several
    lengths the one is taken that has values on both sides, months first. Where no value was measured before, a baseline
    of before stands for it.
    """
    if framed.period is not None:
        own = _sides(values, framed.period, effective_on)
        began = framed.baseline
        if began is None or own.before.values or began.at > effective_on:
            return own
        return replace(own, baseline=began)
    found = [_sides(values, period, effective_on) for period in LENGTHS]
    both = [each for each in found if each.difference is not None]
    some = [each for each in found if each.before.values or each.after.values]
    return (both or some or [Effect(None, Side.of([]), Side.of([]), same_season=False)])[0]


def _sides(values: Sequence[Value], period: str, effective_on: date) -> Effect:
    told = sorted(
        (
            each
            for each in values
            if each.period == period and each.value is not None and not each.provisional
        ),
        key=lambda each: each.period_start,
    )
    own = [each for each in told if each.in_force]
    before = [each for each in own if each.end <= effective_on][-MOST_PERIODS:]
    after = [each for each in own if each.period_start >= effective_on][-MOST_PERIODS:]
    seasons = [sorted({each.period_start.month for each in side}) for side in (before, after)]
    return Effect(
        period,
        Side.of(before),
        Side.of(after),
        same_season=bool(before) and seasons[0] == seasons[1],
        left_out=len(told) - len(own),
    )

# SPDX-License-Identifier: EUPL-1.2
"""The stretches of time that reports are about: months, and what is made of whole months."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from kpi_aggregator.domain.periods import LAST_YEAR


class Interval(StrEnum):
    """How often somebody is reported to."""

    MONTH = "month"
    TWO_MONTHS = "two-months"
    QUARTER = "quarter"
    HALF_YEAR = "half-year"
    YEAR = "year"

    @property
    def months(self) -> int:
        """Return how many months one report is about."""
        return _MONTHS[self]


_MONTHS = {
    Interval.MONTH: 1,
    Interval.TWO_MONTHS: 2,
    Interval.QUARTER: 3,
    Interval.HALF_YEAR: 6,
    Interval.YEAR: 12,
}
_LETTER = {Interval.TWO_MONTHS: "B", Interval.QUARTER: "Q", Interval.HALF_YEAR: "H"}
_WRITTEN = re.compile(r"^([0-9]{4})(?:-([BQH]?)([0-9]{1,2}))?$")
EXPECTED = {
    Interval.MONTH: "2026-10",
    Interval.TWO_MONTHS: "2026-B5, the fifth pair of months",
    Interval.QUARTER: "2026-Q3",
    Interval.HALF_YEAR: "2026-H2",
    Interval.YEAR: "2026",
}
"""How the periods of a report are written."""


@dataclass(frozen=True, slots=True)
class Span:
    """What one report is about; the same part of every year, from the first of a month."""

    interval: Interval
    begin: date

    @property
    def end(self) -> date:
        """Return the first day after it."""
        return _later(self.begin, self.interval.months)

    @property
    def last(self) -> date:
        """Return its last day."""
        return self.end - timedelta(days=1)

    @property
    def before(self) -> Span:
        """Return the one before it."""
        return Span(self.interval, _later(self.begin, -self.interval.months))

    @property
    def after(self) -> Span:
        """Return the one after it."""
        return Span(self.interval, self.end)

    @property
    def number(self) -> int:
        """Return the how manieth of its year it is."""
        return (self.begin.month - 1) // self.interval.months + 1

    @property
    def name(self) -> str:
        """Return how it is written: 2026-10, 2026-B5, 2026-Q3, 2026-H2, 2026."""
        match self.interval:
            case Interval.YEAR:
                return f"{self.begin.year:04}"
            case Interval.MONTH:
                return f"{self.begin.year:04}-{self.number:02}"
            case _:
                return f"{self.begin.year:04}-{_LETTER[self.interval]}{self.number}"


def _later(day: date, months: int) -> date:
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, 1)


def span_of(interval: Interval, day: date) -> Span:
    """Return the stretch that a day lies in."""
    months = interval.months
    return Span(interval, date(day.year, (day.month - 1) // months * months + 1, 1))


def newest_over(interval: Interval, today: date) -> Span:
    """Return the newest stretch that is over."""
    return span_of(interval, today).before


def read_span(interval: Interval, text: str) -> Span:
    """Return a stretch from how it is written; raises ValueError."""
    found = _WRITTEN.match(text)
    if found is not None and 0 < int(found[1]) <= LAST_YEAR:
        letter, number = found[2] or "", int(found[3] or 1)
        begin = (number - 1) * interval.months + 1
        if 1 <= begin <= 12:
            span = Span(interval, date(int(found[1]), begin, 1))
            if span.name == text and letter == _LETTER.get(interval, ""):
                return span
    raise ValueError(f"{text}: this report is told by {interval}, expected {EXPECTED[interval]}")

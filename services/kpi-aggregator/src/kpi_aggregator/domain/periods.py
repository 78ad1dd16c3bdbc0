"""Periods that values are of: where they begin and end, and which one was before."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum


class Period(StrEnum):
    """How long a value's time is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


def begins(period: Period, day: date) -> bool:
    """Tell whether a period of this length begins on a day; weeks begin on Mondays."""
    match period:
        case Period.DAY:
            return True
        case Period.WEEK:
            return day.isoweekday() == 1
        case Period.MONTH:
            return day.day == 1
        case Period.QUARTER:
            return day.day == 1 and day.month % 3 == 1
        case Period.YEAR:
            return day.day == 1 and day.month == 1


def end_of(period: Period, start: date) -> date:
    """Return the first day after a period."""
    match period:
        case Period.DAY:
            return start + timedelta(days=1)
        case Period.WEEK:
            return start + timedelta(days=7)
        case Period.MONTH:
            return _months_later(start, 1)
        case Period.QUARTER:
            return _months_later(start, 3)
        case Period.YEAR:
            return _months_later(start, 12)


def _months_later(start: date, months: int) -> date:
    month = start.month - 1 + months
    return date(start.year + month // 12, month % 12 + 1, 1)

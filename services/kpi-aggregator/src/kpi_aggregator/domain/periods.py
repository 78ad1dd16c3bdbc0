# SPDX-License-Identifier: EUPL-1.2
"""Periods that values are of: where they begin and end, and which one was before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

GRACE = timedelta(hours=2)
"""How long after midnight a day is left to the services that count it."""


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


def last_day(period: Period, start: date) -> date:
    """Return the last day of a period."""
    return end_of(period, start) - timedelta(days=1)


def _months_later(start: date, months: int) -> date:
    month = start.month - 1 + months
    return date(start.year + month // 12, month % 12 + 1, 1)


def start_of(period: Period, day: date) -> date:
    """Return the first day of the period that a day lies in."""
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - timedelta(days=day.isoweekday() - 1)
        case Period.MONTH:
            return day.replace(day=1)
        case Period.QUARTER:
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case Period.YEAR:
            return date(day.year, 1, 1)


def start_before(period: Period, start: date) -> date:
    """Return when the period directly before one began."""
    return start_of(period, start - timedelta(days=1))


def gaps(starts: Sequence[tuple[Period, date]]) -> set[int]:
    """Return the indices of the periods that do not directly follow the one told before them."""
    return {
        index
        for index, ((_, earlier), (length, start)) in enumerate(pairwise(starts), 1)
        if start_before(length, start) != earlier
    }


def last_counted(now: datetime, zone: tzinfo) -> date:
    """Return the last day that a computation at a time counts: the services have told all of it."""
    return (now - GRACE).astimezone(zone).date() - timedelta(days=1)


def starts_between(period: Period, first: date, last: date) -> list[date]:
    """Return the beginnings of all periods that a day from first to last lies in."""
    found, start = [], start_of(period, first)
    while start <= last:
        found.append(start)
        start = end_of(period, start)
    return found


def name_of(period: Period, start: date) -> str:
    """Return how people write a period: 2026, 2026-Q4, 2026-11, 2026-W48, 2026-11-26."""
    match period:
        case Period.DAY:
            return start.isoformat()
        case Period.WEEK:
            year, week, _ = start.isocalendar()
            return f"{year}-W{week:02}"
        case Period.MONTH:
            return f"{start:%Y-%m}"
        case Period.QUARTER:
            return f"{start.year}-Q{(start.month - 1) // 3 + 1}"
        case Period.YEAR:
            return f"{start.year}"


LAST_YEAR = 9998
"""After it there is no day that a period could end before."""
_WRITTEN = {
    Period.YEAR: re.compile(r"^(\d{4})$"),
    Period.QUARTER: re.compile(r"^(\d{4})-Q([1-4])$"),
    Period.MONTH: re.compile(r"^(\d{4})-(\d{2})$"),
    Period.WEEK: re.compile(r"^(\d{4})-W(\d{2})$"),
    Period.DAY: re.compile(r"^(\d{4})-(\d{2})-(\d{2})$"),
}


def read_period(text: str) -> tuple[Period, date]:
    """Return a period from how people write it; raises ValueError."""
    for period, pattern in _WRITTEN.items():
        found = pattern.match(text)
        if found is None or not text.isascii():
            continue
        year, *rest = (int(each) for each in found.groups())
        if year > LAST_YEAR:
            break
        match period:
            case Period.YEAR:
                return period, date(year, 1, 1)
            case Period.QUARTER:
                return period, date(year, rest[0] * 3 - 2, 1)
            case Period.WEEK:
                return period, date.fromisocalendar(year, rest[0], 1)
            case Period.MONTH:
                return period, date(year, rest[0], 1)
            case Period.DAY:
                return period, date(year, rest[0], rest[1])
    raise ValueError(f"{text}: expected 2026, 2026-Q4, 2026-11, 2026-W48 or 2026-11-26")

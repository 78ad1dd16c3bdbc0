# SPDX-License-Identifier: EUPL-1.2
"""Which stretch of time somebody asks for, and which days that touches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LATELY = timedelta(days=31)
EARLIEST, LATEST = 1970, 2200
"""Years: outside of them nothing is told, and the calendar's own ends are far."""
ONE_DAY = timedelta(days=1)


class PeriodError(Exception):
    """What is asked for is no period; `code` is a stable word."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wrote: a day, a month, or from and to (exclusive), each alone."""

    day: date | None = None
    month: str | None = None
    begin: datetime | date | None = None
    end: datetime | date | None = None

    @property
    def is_nothing(self) -> bool:
        """Tell whether no period was given."""
        return self.day is None and self.month is None and self.begin is None and self.end is None


@dataclass(frozen=True, slots=True)
class Asked:
    """From `begin` to before `end`; none: without limit on that side."""

    begin: datetime | None
    end: datetime | None
    zone: ZoneInfo

    @property
    def first(self) -> date | None:
        """Return the first day that is touched."""
        return None if self.begin is None else self.begin.astimezone(self.zone).date()

    @property
    def last(self) -> date | None:
        """Return the last day that is touched."""
        if self.end is None:
            return None
        return (self.end - timedelta(microseconds=1)).astimezone(self.zone).date()

    def has_whole(self, day: date) -> bool:
        """Tell whether all of a day is within: then its rows need no look."""
        begin = datetime.combine(day, time(), self.zone)
        end = datetime.combine(day + ONE_DAY, time(), self.zone)
        begins = self.begin is None or self.begin <= begin
        return begins and (self.end is None or end <= self.end)


def asked_for(
    wanted: Wanted, *, zone: ZoneInfo, now: datetime, all_by_default: bool, has_days: bool
) -> Asked:
    """Return the period that is meant; without one the last 31 days, or all that there is.

    Raises PeriodError.
    """
    if wanted.is_nothing:
        if all_by_default:
            return Asked(None, None, zone)
        today = now.astimezone(zone).date()
        return _days(today - LATELY + ONE_DAY, today + ONE_DAY, zone)
    if not has_days:
        raise PeriodError("no_days", "this dataset is a register: all of it is told at once")
    ways = (wanted.day, wanted.month, wanted.begin or wanted.end)
    if sum(way is not None for way in ways) > 1:
        raise PeriodError("period_ambiguous", "give a day, a month, or from and to")
    given = (wanted.day, wanted.begin, wanted.end)
    if any(each is not None and not EARLIEST <= each.year <= LATEST for each in given):
        raise PeriodError("no_period", f"years go from {EARLIEST} to {LATEST}")
    if wanted.day is not None:
        return _days(wanted.day, wanted.day + ONE_DAY, zone)
    if wanted.month is not None:
        return _month(wanted.month, zone)
    begin, end = _moment(wanted.begin, zone), _moment(wanted.end, zone)
    if begin is not None and end is not None and begin >= end:
        raise PeriodError("period_empty", "`from` must lie before `to`")
    return Asked(begin, end, zone)


def _month(month: str, zone: ZoneInfo) -> Asked:
    try:
        first = date.fromisoformat(f"{month}-01")
        following = (first + LATELY).replace(day=1)
        if not EARLIEST <= first.year <= LATEST:
            raise ValueError(month)  # noqa: TRY301 (told as every other)
    except (ValueError, OverflowError) as error:
        raise PeriodError("no_month", f"{month[:20]} is no month such as 2026-11") from error
    return _days(first, following, zone)


def _days(first: date, end: date, zone: ZoneInfo) -> Asked:
    return Asked(datetime.combine(first, time(), zone), datetime.combine(end, time(), zone), zone)


def _moment(value: datetime | date | None, zone: ZoneInfo) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), zone)

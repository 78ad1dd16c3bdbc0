# SPDX-License-Identifier: EUPL-1.2
"""What people choose in the form of a dataset's page, and which file that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from open_data_publisher.domain.asked import ONE_DAY, PeriodError, Wanted, asked_for

_DATES = ("%Y-%m-%d", "%d.%m.%Y")
_MONTHS = ("%Y-%m", "%m/%Y", "%m.%Y")
"""As browsers send them, and as people write them where a browser shows a plain field."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The fields as they were sent, nothing where they were left empty; `begin`, `end` and `as_of` are days, `end` inclusive."""

    month: str = ""
    day: str = ""
    begin: str = ""
    end: str = ""
    as_of: str = ""
    ending: str = "csv"


@dataclass(frozen=True, slots=True)
class Now:
    """The moment and place of a choice, and how long what was public is kept."""

    at: datetime
    zone: ZoneInfo
    kept: timedelta


def query_of(choice: Choice, now: Now, *, has_days: bool) -> dict[str, str]:
    """Return the query of the file that is meant: as the interface knows it, with `to` exclusive.

    Raises PeriodError with a word for what is wrong.
    """
    day, begin, end = _day(choice.day), _day(choice.begin), _day(choice.end)
    month = _month(choice.month)
    behind = None if end is None else end + ONE_DAY
    wanted = Wanted(day, month, begin, behind)
    asked_for(wanted, zone=now.zone, now=now.at, all_by_default=True, has_days=has_days)
    told = {
        "day": None if day is None else day.isoformat(),
        "month": month,
        "from": None if begin is None else begin.isoformat(),
        "to": None if behind is None else behind.isoformat(),
        "at": _at(_day(choice.as_of), now),
    }
    return {name: value for name, value in told.items() if value is not None}


def _at(as_of: date | None, now: Now) -> str | None:
    """Return the end of a day of the past; of today all is told that is public now."""
    today = now.at.astimezone(now.zone).date()
    if as_of is None or as_of == today:
        return None
    if as_of > today:
        raise PeriodError("at_in_future", "the day lies in the future")
    end = datetime.combine(as_of + ONE_DAY, time(), now.zone)
    if end < now.at - now.kept:
        raise PeriodError("no_longer_kept", "what was public then is no longer kept")
    return end.astimezone(UTC).isoformat()


def _day(written: str) -> date | None:
    for form in _DATES:
        try:
            found = datetime.strptime(written.strip(), form).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
        if found == date.max:
            break
        return found
    if written.strip():
        raise PeriodError("no_date", "there is no such date")
    return None


def _month(written: str) -> str | None:
    for form in _MONTHS:
        try:
            found = datetime.strptime(written.strip(), form)  # noqa: DTZ007 (a month has no zone)
        except ValueError:
            continue
        return f"{found:%Y-%m}" if found.year >= 1000 else written.strip()
    if written.strip():
        raise PeriodError("no_month", "there is no such month")
    return None

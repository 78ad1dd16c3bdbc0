# SPDX-License-Identifier: EUPL-1.2
"""Times at which a lot is known to be empty, by the city's clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KnownEmpty:
    """From `begin` to `end` local time on these days `inside` vehicles are in the lot.

    An end before the beginning lies on the next day.
    """

    begin: time
    end: time
    zone: tzinfo
    days: frozenset[str] = frozenset(DAYS)
    inside: int = 0


class Known(NamedTuple):
    """So many vehicles are inside at a time."""

    at: datetime
    inside: int


def known_times(windows: Iterable[KnownEmpty], after: datetime, until: datetime) -> list[Known]:
    """Return the known times after one time up to another: the beginning and end of each window."""
    found = {
        known
        for window in windows
        for day in _dates(window, after, until)
        if DAYS[day.weekday()] in window.days
        for known in _borders(window, day)
        if after < known.at <= until
    }
    return sorted(found)


def next_known(windows: Iterable[KnownEmpty], after: datetime) -> datetime | None:
    """Return the next known time, within eight days."""
    times = known_times(windows, after, after + 8 * _DAY)
    return times[0].at if times else None


def _dates(window: KnownEmpty, after: datetime, until: datetime) -> Iterable[date]:
    day = after.astimezone(window.zone).date() - _DAY
    last = until.astimezone(window.zone).date()
    while day <= last:
        yield day
        day += _DAY


def _borders(window: KnownEmpty, day: date) -> Iterable[Known]:
    end_day = day if window.end > window.begin else day + _DAY
    for on, local in ((day, window.begin), (end_day, window.end)):
        moment = datetime.combine(on, local, tzinfo=window.zone)
        yield Known(moment.astimezone(UTC), window.inside)

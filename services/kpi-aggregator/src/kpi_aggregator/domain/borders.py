# SPDX-License-Identifier: EUPL-1.2
"""Borders between days, and between hours that matter: all that lies between two is alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple


class Border(NamedTuple):
    """From when on it is which day of the city, and after which of the hours."""

    begin: datetime
    day: date
    hour: int


def borders(first: date, last: date, hours: Iterable[int], zone: tzinfo) -> list[Border]:
    """Return the borders of days from first to last, in order.

    A border may be there twice or at a time that the city's clocks skip: where clocks go back an
    hour begins two times, so that what lies after a border is told by the clock at that time.
    """
    begin, end = _begins(first, zone), _begins(last + timedelta(days=1), zone)
    marks = {0, *hours} - {24}
    times = {
        datetime.combine(day, time(hour, fold=fold), tzinfo=zone).astimezone(UTC)
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
        for hour in marks
        for fold in (0, 1)
    }
    found = []
    for each in sorted(times):
        if begin <= each < end:
            local = each.astimezone(zone)
            found.append(Border(each, local.date(), local.hour))
    return found


def _begins(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)

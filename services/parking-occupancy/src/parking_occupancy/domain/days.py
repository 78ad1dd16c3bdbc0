# SPDX-License-Identifier: EUPL-1.2
"""Where buckets of time begin and end: at multiples of their width, or with a day of the city. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

from parking_occupancy.domain.history import Span, floor

DAY = timedelta(days=1)


def bucket_of(at: datetime, width: timedelta, zone: tzinfo) -> Span:
    """Return the bucket that a time lies in; a day is one of the zone, of 23 to 25 hours."""
    if width != DAY:
        begin = floor(at, width)
        return Span(begin, begin + width)
    day = at.astimezone(zone).date()
    begin, end = (datetime.combine(each, time(), zone) for each in (day, day + DAY))
    return Span(begin.astimezone(UTC), end.astimezone(UTC))


def borders(begin: datetime, end: datetime, width: timedelta, zone: tzinfo) -> list[datetime]:
    """Return where the buckets begin that hold `begin` to before `end`, and where the last ends."""
    found = [bucket_of(begin, width, zone).begin]
    while found[-1] < end:
        found.append(bucket_of(found[-1], width, zone).end)
    return found

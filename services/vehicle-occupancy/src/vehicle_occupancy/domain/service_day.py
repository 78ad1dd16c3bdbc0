# SPDX-License-Identifier: EUPL-1.2
"""A service day: the day that a timetable means, longer than a calendar day; pure.

Times of a timetable count seconds from "noon minus 12 h" of the agency's day (GTFS reference,
field type Time). That is midnight, but for the two days a year on which the clock changes, and
they go on beyond 24:00 for trips that end after midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

HALF_A_DAY = timedelta(hours=12)
LONGEST_S = 48 * 3600
"""No time of a timetable is later than this; the longest night line ends long before."""


class Zone(Protocol):
    """A time zone; `zoneinfo.ZoneInfo` and `datetime.timezone` are such."""

    def utcoffset(self, moment: datetime | None, /) -> timedelta | None:
        """Return how far the zone's clock is ahead of UTC at a local moment."""


@dataclass(frozen=True, slots=True)
class ServiceDay:
    """A day of the agency's calendar, with the zone its clocks show."""

    day: date
    zone: Zone

    @property
    def name(self) -> str:
        """Return the day as `start_date` of GTFS: YYYYMMDD."""
        return f"{self.day:%Y%m%d}"

    @property
    def origin(self) -> datetime:
        """Return, in UTC, the moment that the day's times count from."""
        noon = datetime.combine(self.day, time(12))
        offset = self.zone.utcoffset(noon)
        if offset is None:
            raise ValueError("a zone without an offset tells no time")
        return (noon - offset).replace(tzinfo=UTC) - HALF_A_DAY

    def at(self, seconds: int) -> datetime:
        """Return the moment, in UTC, of a time of this day's timetable."""
        return self.origin + timedelta(seconds=seconds)

    def seconds(self, moment: datetime) -> float:
        """Return the time of this day's timetable at a moment; negative before it begins."""
        return (moment - self.origin).total_seconds()

    def next(self, days: int = 1) -> ServiceDay:
        """Return the service day some days later, or earlier if negative."""
        return ServiceDay(self.day + timedelta(days=days), self.zone)


def service_days(moment: datetime, zone: Zone) -> tuple[ServiceDay, ...]:
    """Return the days to one of which a trip under way at a moment belongs, the likeliest first.

    That is the calendar day, then the two before it, whose trips may go on beyond midnight, and
    the one after it, which begins an hour before midnight when summer time ends.
    """
    offset = zone.utcoffset(moment.astimezone(UTC).replace(tzinfo=None)) or timedelta()
    today = ServiceDay((moment.astimezone(UTC) + offset).date(), zone)
    return tuple(
        day
        for day in (today, today.next(-1), today.next(-2), today.next())
        if 0 <= day.seconds(moment) <= LONGEST_S
    )

# SPDX-License-Identifier: EUPL-1.2
"""On which days which services run, and for which time a feed is meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from vehicle_occupancy.gtfs.feed import Feed, Row
from vehicle_occupancy.gtfs.report import Report
from vehicle_occupancy.gtfs.values import Values

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST = timedelta(days=1100)
"""Calendars to 2099 exist; what lies further ahead will be imported anew before."""
ADDED = 1
DAYS_OF_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Period:
    """A line of calendar.txt."""

    weekdays: tuple[bool, ...]
    begin: date
    end: date


@dataclass(frozen=True)
class FeedCalendar:
    """Services by their number, and the days from `begin` to `end`, both included."""

    begin: date
    end: date
    version: str
    publisher: str
    services: Mapping[str, int]
    periods: Mapping[str, Period]
    exceptions: Mapping[date, Mapping[str, bool]]

    @cached_property
    def days_of(self) -> Mapping[int, frozenset[date]]:
        """Return the days on which each service runs, by its number."""
        exceptions: defaultdict[str, dict[date, bool]] = defaultdict(dict)
        for day, told in self.exceptions.items():
            for service_id, runs in told.items():
                exceptions[service_id][day] = runs
        return {
            number: frozenset(self._days(self.periods.get(service_id), exceptions[service_id]))
            for service_id, number in self.services.items()
        }

    @cached_property
    def running(self) -> Mapping[date, tuple[int, ...]]:
        """Return the numbers of the services that run, by day."""
        found: dict[date, list[int]] = {day: [] for day in self._valid}
        for number, days in self.days_of.items():
            for day in days:
                found[day].append(number)
        return {day: tuple(numbers) for day, numbers in found.items()}

    @cached_property
    def _valid(self) -> tuple[date, ...]:
        """Return all days; whose hash is known is found sooner."""
        ordinals = range(self.begin.toordinal(), self.end.toordinal() + 1)
        return tuple(map(date.fromordinal, ordinals))

    def _days(self, period: Period | None, exceptions: Mapping[date, bool]) -> set[date]:
        days: set[date] = set()
        begin, end = self.begin, self.end
        if period is not None:
            begin, end = max(begin, period.begin), min(end, period.end)
        if period is not None and begin <= end:
            first, last = (begin - self.begin).days, (end - self.begin).days
            for number in range(DAYS_OF_A_WEEK):
                if period.weekdays[(begin.weekday() + number) % DAYS_OF_A_WEEK]:
                    days.update(self._valid[first + number : last + 1 : DAYS_OF_A_WEEK])
        days.difference_update(exceptions)
        days.update(
            day for day, runs in exceptions.items() if runs and self.begin <= day <= self.end
        )
        return days


def read_calendar(feed: Feed, report: Report, today: date, used: Collection[str]) -> FeedCalendar:
    """Read the calendars; `today` bounds what is kept of endless ones.

    They begin and end with the services `used` by trips: others may be of who is not taken.
    """
    if not {"calendar.txt", "calendar_dates.txt"} & set(feed.names):
        text = "neither calendar.txt nor calendar_dates.txt is there"
        report.error("calendar.txt", text, kind="absent")
    periods = _periods(feed, report)
    exceptions = _exceptions(feed, report)
    told = {service_id for each in exceptions.values() for service_id in each}
    services = {service_id: number for number, service_id in enumerate(sorted({*periods, *told}))}
    used = services.keys() & used or services.keys()
    runs = [day for day, each in exceptions.items() if any(each.get(one) for one in used)]
    of_used = [period for service_id, period in periods.items() if service_id in used]
    begins = [*(period.begin for period in of_used), *runs]
    ends = [*(period.end for period in of_used), *runs]
    if not begins:
        report.error("calendar.txt", "no service runs on any day", kind="no day")
        begins = ends = [today]
    begin, end, version, publisher = _feed_info(feed, report, min(begins), max(ends))
    if end - begin > LONGEST:
        begin = max(begin, min(today, end) - LONGEST)
        end = min(end, begin + LONGEST)
        text = f"of the endless calendar {begin} to {end} is kept"
        report.warning("calendar.txt", text, field="end_date", kind="endless")
    if end < today:
        text = f"it is over: it ended on {end}"
        report.warning("calendar.txt", text, field="end_date", kind="over")
    found = FeedCalendar(begin, end, version, publisher, services, periods, exceptions)
    _check_idle(found, used, report)
    return found


def _periods(feed: Feed, report: Report) -> dict[str, Period]:
    values, found = Values("calendar.txt", report), dict[str, Period]()
    for row in feed.rows("calendar.txt", report):
        service_id = values.key(row, "service_id", found)
        week = [values.whole(row, name, range(2)) for name in WEEKDAYS]
        begin, end = values.day(row, "start_date"), values.day(row, "end_date")
        if begin is not None and end is not None and begin > end:
            values.wrong(row, "end_date", f"{end} lies before start_date {begin}", kind="order")
        if service_id is not None and begin is not None and end is not None and None not in week:
            found[service_id] = Period(tuple(bool(one) for one in week), begin, end)
        else:
            values.leave_out(service_id)
    return found


def _exceptions(feed: Feed, report: Report) -> dict[date, dict[str, bool]]:
    values = Values("calendar_dates.txt", report)
    found: defaultdict[date, dict[str, bool]] = defaultdict(dict)
    for row in feed.rows("calendar_dates.txt", report):
        service_id, day = values.required(row, "service_id"), values.day(row, "date")
        kind = values.whole(row, "exception_type", range(1, 3))
        if service_id is None or day is None or kind is None:
            continue
        if service_id in found[day]:
            text = f"service {service_id!r} has two exceptions on {day}"
            values.wrong(row, "date", text, kind="twice")
        found[day][service_id] = kind == ADDED
    return dict(found)


def _feed_info(feed: Feed, report: Report, begin: date, end: date) -> tuple[date, date, str, str]:
    """Return the feed's validity, version and publisher; without feed_info.txt the calendars'."""
    values = Values("feed_info.txt", report)
    rows = list(feed.rows("feed_info.txt", report))
    if not rows:
        return begin, end, "", ""
    row = rows[0]
    told_begin, told_end = (
        _told(values, row, "feed_start_date"),
        _told(values, row, "feed_end_date"),
    )
    if told_begin and told_end and told_begin > told_end:
        values.wrong(row, "feed_end_date", "lies before feed_start_date")
        told_begin = told_end = None
    for told, field, differs in (
        (told_begin, "feed_start_date", told_begin is not None and begin < told_begin),
        (told_end, "feed_end_date", told_end is not None and end > told_end),
    ):
        if differs:
            text = f"calendars reach beyond {told}; outside of it the feed is not used"
            values.doubtful(row, field, text, kind="beyond")
    version, publisher = row.text("feed_version"), row.text("feed_publisher_name")
    first, last = max(begin, told_begin or begin), min(end, told_end or end)
    if first > last:
        values.wrong(row, "feed_start_date", "no calendar runs while the feed is valid")
        return begin, end, version, publisher
    return first, last, version, publisher


def _told(values: Values, row: Row, field: str) -> date | None:
    return values.day(row, field) if row.text(field) else None


def _check_idle(calendar: FeedCalendar, used: Collection[str], report: Report) -> None:
    for service_id, number in calendar.services.items():
        if service_id in used and not calendar.days_of[number]:
            text = f"service {service_id!r} runs on no day of {calendar.begin} to {calendar.end}"
            report.warning("calendar.txt", text, field="service_id", kind="idle")

# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vehicle_occupancy.domain.service_day import ServiceDay, service_days

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("day", "seconds", "moment"),
    [
        # an ordinary winter day, and beyond its midnight
        (date(2026, 11, 26), 8 * 3600, datetime(2026, 11, 26, 7, tzinfo=UTC)),
        (date(2026, 11, 26), 25 * 3600, datetime(2026, 11, 27, 0, tzinfo=UTC)),
        # summer time begins at 2:00: 6:00 of the timetable is 6:00 on the clock
        (date(2026, 3, 29), 6 * 3600, datetime(2026, 3, 29, 4, tzinfo=UTC)),
        (date(2026, 3, 29), 0, datetime(2026, 3, 28, 22, tzinfo=UTC)),
        # summer time ends at 3:00
        (date(2026, 10, 25), 6 * 3600, datetime(2026, 10, 25, 5, tzinfo=UTC)),
        (date(2026, 10, 25), 0, datetime(2026, 10, 24, 23, tzinfo=UTC)),
        # a night line of the evening before runs into the change
        (date(2026, 10, 24), 27 * 3600, datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ],
)
def test_times_count_from_noon_minus_twelve_hours(
    day: date, seconds: int, moment: datetime
) -> None:
    assert ServiceDay(day, BERLIN).at(seconds) == moment
    assert ServiceDay(day, BERLIN).seconds(moment) == seconds


def test_a_night_trip_belongs_to_the_day_before_or_to_today() -> None:
    found = service_days(datetime(2026, 11, 27, 0, 30, tzinfo=UTC), BERLIN)
    assert [each.name for each in found] == ["20261127", "20261126"]
    late = service_days(datetime(2026, 11, 27, 22, 30, tzinfo=UTC), BERLIN)
    assert [each.name for each in late] == ["20261127", "20261126"]


@settings(deadline=None)
@given(st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.integers(0, 36 * 3600))
def test_every_moment_of_a_service_day_finds_its_day(begin: date, seconds: int) -> None:
    day = ServiceDay(begin, BERLIN)
    assert day in service_days(day.at(seconds), BERLIN)


@settings(deadline=None)
@given(st.dates(date(2025, 1, 1), date(2027, 1, 1)))
def test_noon_of_the_timetable_is_noon_on_the_clock(day: date) -> None:
    noon = ServiceDay(day, BERLIN).at(12 * 3600).astimezone(BERLIN)
    assert (noon.date(), noon.hour, noon.minute) == (day, 12, 0)
    assert ServiceDay(day, BERLIN).next().origin - ServiceDay(day, BERLIN).origin >= timedelta(
        hours=23
    )

# SPDX-License-Identifier: EUPL-1.2
"""Which vehicle is expected where weekdays and weekends have others under the same times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from vehicle_occupancy.domain.forecast.calendar import Calendar, DayType
from vehicle_occupancy.domain.forecast.issue import expectation as expectation_of
from vehicle_occupancy.domain.forecast.issue import issue, learn
from vehicle_occupancy.domain.forecast.past import Holds, Past, PlannedTrip, Run, TripLoad, past_of

MONDAY = date(2026, 9, 14)
HOLIDAY = date(2026, 10, 3)
CALENDAR = Calendar(holidays=frozenset({HOLIDAY}))
PAIR, SINGLE = Holds(120, 180), Holds(60, 90)
STOPS, DEPARTURES = ("a", "b", "c"), (25200, 25320, 25440)
RUN = Run("5", 0, DEPARTURES[0], STOPS)


def drive(days: int) -> Iterator[TripLoad]:
    """Pairs on weekdays, single trams at weekends."""
    for n in range(days):
        day = MONDAY + timedelta(days=n)
        yield TripLoad(
            day,
            f"{day}",
            "5",
            0,
            STOPS,
            DEPARTURES,
            (500.0, 500.0, 500.0),
            "d",
            (30.0 + n % 3, 40.0, 20.0),
            holds=PAIR if day.weekday() < 5 else SINGLE,
        )


def past(days: int) -> Past:
    return past_of(drive(days), [], CALENDAR, first=MONDAY, days=days)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(33, SINGLE), (35, PAIR), (36, PAIR)],
    ids=["Friday to Saturday", "Sunday to Monday", "Monday to Tuesday"],
)
def test_a_trip_is_expected_with_the_vehicle_of_its_type_of_day(days: int, expected: Holds) -> None:
    learned, day = learn(past(days), CALENDAR), MONDAY + timedelta(days=days)
    planned = PlannedTrip("t", "5", 0, STOPS, DEPARTURES, (500.0, 500.0, 500.0), "d")
    (found,) = issue(learned, expectation_of(learned, day), day, [planned], lambda _: (50, 90))
    assert (found.trip.places.seats, found.trip.places.standing) == expected


def test_a_holiday_has_the_vehicles_of_a_sunday() -> None:
    known = past(21)  # up to the Sunday that is before the holiday
    assert known.holds_of(RUN, CALENDAR.day_type(HOLIDAY)) == SINGLE


def test_of_a_run_never_seen_on_such_a_day_the_last_vehicle_is_expected() -> None:
    known = past(4)
    assert known.holds_of(RUN, DayType.SATURDAY) == PAIR
    assert known.holds_of(RUN._replace(begin_s=1), DayType.SATURDAY) == PAIR
    assert known.holds_of(RUN._replace(line="6"), DayType.SATURDAY) is None

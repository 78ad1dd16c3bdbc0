# SPDX-License-Identifier: EUPL-1.2
"""A trip that runs late is still to come where it was not seen to leave, as long as it is heard of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.day import planned_day
from vehicle_occupancy.domain.peaks.option import Option
from vehicle_occupancy.domain.peaks.peak import Peak, find_peaks
from vehicle_occupancy.domain.peaks.rules import PeakRules
from vehicle_occupancy.domain.running import Seen, as_running, is_to_come
from vehicle_occupancy.domain.service_day import ServiceDay

from .peaky import DAY, SEVEN, morning

RULES, CITY = PeakRules(), ServiceDay(DAY, UTC)
MINUTE, TEN = 60, timedelta(minutes=10)
# The full trip is planned to leave a at seven and to be too full from b on, at 7:03.
B, C = 1, 2


def at(minute: float) -> datetime:
    return CITY.at(SEVEN + int(MINUTE * minute))


def the_peak() -> Peak:
    (peak,) = find_peaks(morning(), RULES)
    return peak


@pytest.mark.parametrize(
    ("left", "late_min", "heard_min", "now_min", "to_come"),
    [
        # it left a ten minutes late and is due at b at 7:13
        (0, 10, 12, 12, True),
        (0, 10, 13, 14, True),
        (B, 10, 13, 14, False),
        # it left a in time and then stood still: heard of until a moment ago
        (0, 0, 40, 41, True),
        (0, 0, 40, 59, True),
        (0, 0, 40, 60, False),
        # heard of no more since it left a
        (0, 10, 10, 32, True),
        (0, 10, 10, 33, False),
        # it stands at its first stop; it runs early and has left b
        (-1, 0, 9, 10, True),
        (B, -2, 1, 2, False),
    ],
)
def test_a_trip_is_to_come_until_it_was_seen_to_leave_or_nobody_hears_of_it(
    left: int, late_min: int, heard_min: int, now_min: int, *, to_come: bool
) -> None:
    seen = Seen(left, timedelta(minutes=late_min), at(heard_min))
    assert is_to_come(at(3), B, seen, at(now_min)) is to_come


@pytest.mark.parametrize(("now_min", "to_come"), [(2, True), (7.9, True), (8, False)])
def test_a_trip_that_nobody_saw_is_to_come_for_five_minutes_more(
    now_min: float, *, to_come: bool
) -> None:
    assert is_to_come(at(3), B, None, at(now_min)) is to_come


def advised(seen: dict[str, Seen], now_min: float) -> Sequence[Option]:
    trips = [
        as_running(
            each, [CITY.at(s) for s in each.departures_s], seen.get(each.trip_id), at(now_min)
        )
        for each in morning()
    ]
    return advise(the_peak(), planned_day(trips, CITY.seconds(at(now_min))), RULES).options


def test_the_passengers_of_a_late_trip_are_shown_the_departures_around_it_as_they_come() -> None:
    full = Seen(0, TEN, at(11))
    (shift,) = advised({"full": full}, 11)
    # it is due at b at 7:13, when the next one is planned there
    assert (shift.kind, shift.trip_id, shift.minutes) == ("shift", "late", 0)
    assert advised({"full": full}, 14) == [], "the next one has left b"
    (late,) = advised({"full": full, "late": Seen(0, TEN, at(21))}, 21)
    assert (late.trip_id, late.minutes) == ("late", pytest.approx(2, abs=0.05))


def test_a_trip_before_that_is_late_still_takes_passengers_of_the_one_behind() -> None:
    early = Seen(0, timedelta(minutes=9), at(0))
    found = {(each.kind, each.trip_id): each for each in advised({"early": early}, 1)}
    assert found["shift", "early"].minutes == -1
    assert ("shift", "early") not in {(each.kind, each.trip_id) for each in advised({}, 1)}


def test_what_a_late_trip_has_left_lies_behind_it_and_what_it_has_not_ahead() -> None:
    full = morning()[1]
    planned = [CITY.at(each) for each in full.departures_s]
    now = at(14.5)
    found = as_running(full, planned, Seen(0, TEN, now), now).departures_s
    assert found == (SEVEN + 600, SEVEN + 14 * 60 + 31, SEVEN + 16 * 60)
    assert as_running(full, planned, None, now) is full

# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from parking_occupancy.domain.effect import Compared, Day, Insufficient, MatchedBy, compare

MONDAY = date(2026, 3, 2)


def days(
    values: list[float | None], *, completeness: float = 1.0, first: date = MONDAY
) -> list[Day]:
    return [
        Day(first + timedelta(days=n), completeness, arrivals=0, failed_entries=value)
        for n, value in enumerate(values)
    ]


def failed(
    before: list[Day], after: list[Day], holidays: frozenset[date] = frozenset()
) -> Compared:
    found = compare(before, after, holidays)
    (one,) = [each for each in found if each.measure == "failed_entries"]
    return one


def test_difference_of_daily_means_lies_in_its_interval() -> None:
    found = failed(days([10, 12, 14, 12, 12]), days([4, 6, 8, 6, 6]))
    assert (found.before, found.after, found.difference) == (12, 6, -6)
    assert found.low is not None
    assert found.high is not None
    assert -8 < found.low < -6 < found.high < -4


def test_interval_of_a_difference_that_is_none_holds_nine_times_in_ten() -> None:
    dice = random.Random(5)
    held = 0
    for _ in range(100):
        # Saturdays and Sundays are quite unlike the rest of the week.
        before, after = (
            [dice.gauss(20, 4) + (15 if n % 7 > 4 else 0) for n in range(28)] for _ in range(2)
        )
        found = failed(days([*before]), days([*after]))
        assert found.matched_by is MatchedBy.WEEKDAY
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0 <= found.high
    assert 84 <= held <= 97


def test_more_weekends_in_one_period_make_no_difference() -> None:
    # Two weeks of 10 on weekdays and 40 at weekends, against three weekends and the days between.
    usual: list[float | None] = [*[10] * 5, 40, 40, *[10] * 5, 40, 40]
    long_weekends: list[float | None] = [40, 40, *[10] * 5, 40, 40, *[10] * 5, 40, 40]
    found = failed(days(usual), days(long_weekends, first=MONDAY + timedelta(days=5)))
    assert found.difference == pytest.approx(0)
    assert found.before == pytest.approx((5 * 10 + 2 * 40) / 7)


def test_a_holiday_is_compared_with_sundays() -> None:
    easter_monday = MONDAY
    before, after = days([40, 10, 10, 10, 10, 40, 40]), days([10, 10, 10, 10, 10, 40, 40])
    assert failed(before, after).difference == pytest.approx(-30 / 7)
    found = failed(before, after, frozenset({easter_monday}))
    # Days of the other period that fall on that date are Sundays as well.
    assert found.matched_by is MatchedBy.DAY_TYPE
    shifted = days([10, 10, 10, 10, 10, 40, 40], first=MONDAY + timedelta(days=14))
    assert failed(before, shifted, frozenset({easter_monday})).difference == pytest.approx(0)


def test_it_is_said_why_data_do_not_suffice() -> None:
    found = failed(days([10, 12]), [*days([6, None]), *days([99], completeness=0.5)])
    assert (found.days_before, found.days_after, found.after) == (2, 1, 6)
    assert (found.low, found.high, found.insufficient) == (None, None, Insufficient.FEW_DAYS)
    # One Sunday alone does not tell how much Sundays differ.
    found = failed(days([10] * 7), days([10] * 14))
    assert (found.low, found.insufficient) == (None, Insufficient.FEW_LIKE_DAYS)
    weekend = days([5, 5], first=MONDAY + timedelta(days=5))
    found = failed(days([10] * 5), weekend)
    assert (found.difference, found.insufficient) == (None, Insufficient.NO_LIKE_DAYS)
    assert (found.days_before, found.days_after) == (5, 2)


def test_measures_that_one_period_lacks_are_left_out() -> None:
    assert [each.measure for each in compare(days([None]), days([3]))] == ["arrivals"]
    assert compare([], days([3])) == []

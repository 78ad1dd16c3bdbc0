from __future__ import annotations

import random
from datetime import date, timedelta

from parking_occupancy.domain.effect import Compared, Day, compare

FIRST = date(2026, 3, 2)


def days(values: list[float | None], *, completeness: float = 1.0) -> list[Day]:
    return [
        Day(FIRST + timedelta(days=n), completeness, arrivals=0, failed_entries=value)
        for n, value in enumerate(values)
    ]


def failed(before: list[Day], after: list[Day]) -> Compared:
    (found,) = [each for each in compare(before, after) if each.measure == "failed_entries"]
    return found


def test_difference_of_daily_means_lies_in_its_interval() -> None:
    found = failed(days([10, 12, 14, 12, 12]), days([4, 6, 8, 6, 6]))
    assert (found.before, found.after, found.difference) == (12, 6, -6)
    assert found.low is not None
    assert found.high is not None
    assert -8 < found.low < -6 < found.high < -4


def test_interval_of_a_difference_that_is_none_holds_nine_times_in_ten() -> None:
    dice = random.Random(5)
    held = 0
    for _ in range(60):
        before, after = ([dice.gauss(20, 4) for _ in range(28)] for _ in range(2))
        found = failed(days([*before]), days([*after]))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0 <= found.high
    assert 48 <= held <= 59


def test_few_days_have_no_interval_and_incomplete_days_do_not_count() -> None:
    found = failed(days([10, 12]), [*days([6, None]), *days([99], completeness=0.5)])
    assert (found.days_before, found.days_after, found.after) == (2, 1, 6)
    assert (found.low, found.high) == (None, None)


def test_measures_that_one_period_lacks_are_left_out() -> None:
    assert [each.measure for each in compare(days([None]), days([3]))] == ["arrivals"]
    assert compare([], days([3])) == []

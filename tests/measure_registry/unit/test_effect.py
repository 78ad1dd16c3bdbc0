# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measure_registry.domain.effect import (
    MOST_PERIODS,
    Baseline,
    Framed,
    Value,
    effect,
)

DAY = date(2026, 1, 1)


def month(year: int, number: int, value: float | None, completeness: float = 1.0) -> Value:
    return Value(
        "month", date(year, number, 1), value, completeness, provisional=False, simulated=False
    )


def test_both_sides_have_their_mean_and_their_least_completeness() -> None:
    values = [month(2025, n, 10.0) for n in (10, 11, 12)] + [month(2026, 1, 12.0, 0.6)]
    found = effect(values, DAY)
    assert (found.period, found.before.mean, found.after.mean) == ("month", 10.0, 12.0)
    assert found.difference == pytest.approx(2.0)
    assert found.relative == pytest.approx(0.2)
    assert (found.before.least_completeness, found.after.least_completeness) == (1.0, 0.6)
    assert not found.same_season


def test_a_period_that_holds_the_day_is_of_neither_side() -> None:
    values = [month(2025, 12, 1.0), month(2026, 1, 2.0), month(2026, 2, 3.0)]
    found = effect(values, date(2026, 1, 15))
    assert [each.value for each in found.before.values] == [1.0]
    assert [each.value for each in found.after.values] == [3.0]


def test_a_length_with_both_sides_goes_before_one_with_one() -> None:
    years = [
        Value("year", date(year, 1, 1), float(year), None, provisional=False, simulated=False)
        for year in (2025, 2026)
    ]
    found = effect([month(2026, 2, 5.0), *years], DAY)
    assert (found.period, found.difference) == ("year", 1.0)
    assert found.same_season


def test_a_period_that_is_not_over_is_of_neither_side() -> None:
    begun = replace(month(2026, 2, 4.0), provisional=True)
    found = effect([month(2025, 12, 100.0), month(2026, 1, 100.0), begun], DAY)
    assert [each.value for each in found.after.values] == [100.0]
    assert found.relative == 0.0
    assert effect([month(2025, 12, 100.0), begun], DAY).difference is None


def test_values_of_former_versions_are_of_neither_side_and_are_counted() -> None:
    former = [replace(month(2025, n, 3000.0), in_force=False) for n in (9, 10)]
    running = replace(former[0], provisional=True)
    values = [*former, running, month(2025, 12, 50.0), month(2026, 1, 52.0)]
    found = effect(values, DAY, Framed("month"))
    assert (found.before.mean, found.difference, found.left_out) == (50.0, 2.0, 2)
    assert effect(former, DAY, Framed("month", began(DAY))).from_value == 8.0


def test_without_values_on_one_side_there_is_no_difference() -> None:
    found = effect([month(2026, 2, 5.0), month(2025, 2, None)], DAY)
    assert (found.period, found.difference, found.relative) == ("month", None, None)
    assert effect([], DAY).period is None


def began(at: date) -> Baseline:
    return Baseline(8.0, "%", at, None, made_up=False)


def test_a_baseline_of_a_day_before_stands_for_values_that_nobody_measured() -> None:
    values = [month(2026, 1, 12.0)]
    measured = effect(values, DAY)
    found = effect(values, DAY, Framed("month", began(DAY)))
    assert (found.difference, found.relative) == (4.0, 0.5)
    assert effect(values, DAY, Framed("month", began(DAY + timedelta(days=1)))) == measured
    assert effect(values, DAY, Framed("month")) == measured


def test_measured_values_go_before_a_baseline() -> None:
    values = [month(2025, 12, 10.0), month(2026, 1, 12.0)]
    found = effect(values, DAY, Framed("month", began(DAY)))
    assert (found.difference, found.baseline) == (pytest.approx(2.0), None)


def year(number: int, value: float) -> Value:
    return replace(month(number, 1, value), period="year")


def test_a_sum_of_a_year_is_held_against_years_and_never_against_months() -> None:
    months = [month(2026, number, 1.0) for number in range(1, 13)]
    baseline = replace(began(date(2022, 12, 31)), value=10.0, unit="Formate pro Jahr")
    rose = effect([*months, year(2026, 12.0)], DAY, Framed("year", baseline))
    assert (rose.period, rose.from_value, rose.after.mean) == ("year", 10.0, 12.0)
    assert rose.relative == pytest.approx(0.2)
    begun = effect(months, DAY, Framed("year", baseline))
    assert (begun.period, begun.difference) == ("year", None)


def test_without_a_baseline_a_sum_of_a_year_is_compared_with_years_too() -> None:
    months = [month(each, number, 1.0) for each in (2025, 2026) for number in range(1, 13)]
    found = effect([*months, year(2025, 12.0), year(2026, 15.0)], DAY, Framed("year"))
    assert (found.period, found.before.mean, found.after.mean) == ("year", 12.0, 15.0)


def test_a_mean_of_zero_before_has_no_share() -> None:
    found = effect([month(2025, 12, 0.0), month(2026, 1, 3.0)], DAY)
    assert (found.difference, found.relative) == (3.0, None)


@given(
    st.lists(st.tuples(st.integers(2020, 2030), st.integers(1, 12), st.floats(-1e6, 1e6))),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
)
def test_no_value_is_on_both_sides_and_none_reaches_over_the_day(
    given_values: list[tuple[int, int, float]], day: date
) -> None:
    found = effect([month(*each) for each in given_values], day)
    assert all(each.end <= day for each in found.before.values)
    assert all(each.period_start >= day for each in found.after.values)
    assert max(len(found.before.values), len(found.after.values)) <= MOST_PERIODS

# SPDX-License-Identifier: EUPL-1.2
"""When a battery ends: told only where the values bear it."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.domain.battery import Level, Scale, Withheld, outlook, sooner

START = datetime(2026, 8, 1, tzinfo=UTC)
MILLIVOLT = Scale(empty=2400, noise=20, renewal=200)


def daily(days: int, value: Callable[[int], float]) -> list[Level]:
    return [Level(START + timedelta(days=day), value(day)) for day in range(days)]


def test_falling_battery_tells_its_end() -> None:
    found = outlook(daily(60, lambda day: 3600 - 4 * day), MILLIVOLT)
    assert found.per_day == pytest.approx(-4)
    assert found.ends_at == START + timedelta(days=300)
    assert found.withheld is None


def test_single_wrong_readings_do_not_bend_the_trend() -> None:
    levels = daily(60, lambda day: 0 if day in {20, 41} else 3600 - 4 * day)
    found = outlook(levels, MILLIVOLT)
    assert found.per_day == pytest.approx(-4, rel=0.05)


def test_cold_nights_and_noise_do_not_end_a_battery() -> None:
    found = outlook(daily(60, lambda day: 3600 + 8 * math.sin(day)), MILLIVOLT)
    assert (found.ends_at, found.withheld) == (None, Withheld.NOT_FALLING)


@pytest.mark.parametrize(
    ("levels", "reason"),
    [
        ([], Withheld.NO_READINGS),
        (daily(4, lambda day: 3600 - 100 * day), Withheld.TOO_FEW_DAYS),
        (daily(10, lambda day: 3600 - 100 * day), Withheld.TOO_FEW_DAYS),
        (daily(30, lambda _: 3600), Withheld.NOT_FALLING),
        (daily(30, lambda day: 3600 + day), Withheld.NOT_FALLING),
        (daily(90, lambda day: 3600 - 0.3 * day), Withheld.TOO_FAR),
    ],
)
def test_end_is_withheld_with_its_reason(levels: list[Level], reason: Withheld) -> None:
    found = outlook(levels, MILLIVOLT)
    assert (found.ends_at, found.withheld) == (None, reason)


def test_new_battery_begins_a_new_trend() -> None:
    levels = daily(80, lambda day: 2700 - 5 * day if day < 40 else 3600 - 2 * (day - 40))
    found = outlook(levels, MILLIVOLT)
    assert found.per_day == pytest.approx(-2)
    assert found.days == 40
    single = daily(60, lambda day: 3600 if day == 30 else 3000 - 2 * day)
    assert outlook(single, MILLIVOLT).days == 60


def test_battery_that_should_be_empty_already_ends_now() -> None:
    levels = daily(30, lambda day: 2400 - 4 * day)
    assert outlook(levels, MILLIVOLT).ends_at == levels[-1].at


def test_sooner_end_of_two_quantities_counts() -> None:
    late = outlook(daily(60, lambda day: 3600 - 4 * day), MILLIVOLT)
    soon = outlook(daily(60, lambda day: 100 - day), Scale(empty=0, noise=2, renewal=20))
    none = outlook([], MILLIVOLT)
    assert sooner(late, soon) is soon
    assert sooner(none, late) is late
    assert sooner(none, outlook(daily(30, lambda _: 50), MILLIVOLT)).withheld == "not_falling"


@given(
    st.lists(
        st.tuples(st.integers(0, 120), st.integers(0, 10_000)),
        max_size=60,
        unique_by=lambda v: v[0],
    ),
    st.randoms(use_true_random=False),
)
def test_order_of_readings_decides_nothing_and_an_end_lies_after_them(
    values: list[tuple[int, int]], random: Random
) -> None:
    levels = [Level(START + timedelta(days=day), value) for day, value in values]
    found = outlook(levels, MILLIVOLT)
    shuffled = levels.copy()
    random.shuffle(shuffled)
    assert outlook(shuffled, MILLIVOLT) == found
    assert (found.ends_at is None) == (found.withheld is not None)
    assert found.ends_at is None or found.ends_at >= max(levels).at

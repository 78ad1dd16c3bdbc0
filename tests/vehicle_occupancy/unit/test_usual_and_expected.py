# SPDX-License-Identifier: EUPL-1.2
"""What everybody is told of means over days: right on average, and little of any single day."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vehicle_occupancy.domain.forecast.distribution import KEPT
from vehicle_occupancy.domain.forecast.public import told_chances, told_usual
from vehicle_occupancy.domain.forecast.trip import Places, TripForecast
from vehicle_occupancy.domain.publication import KEY_BYTES, PublicationPolicy

POLICY = PublicationPolicy()
BORDERS = (30, 54)


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def trip(*means: float, spread: float = 8.0) -> TripForecast:
    quantiles = np.array([[mean + spread * (2 * q - 1) for q in KEPT] for mean in means])
    return TripForecast(
        day=date(2026, 11, 26),
        trip_id="t-1",
        line="7",
        direction=0,
        stop_ids=tuple("abcdefgh"[: len(means)]),
        departures_s=tuple(27_000 + 120 * n for n in range(len(means))),
        to_next_m=(500.0,) * len(means),
        quantiles=quantiles,
        places=Places(60, 90, *BORDERS),
        last_stop_id="z",
    )


@given(st.lists(st.floats(0, 150), min_size=1, max_size=8), st.integers(0, 10**6))
def test_chances_are_told_in_tenths_that_add_up(means: list[float], number: int) -> None:
    told = told_chances(key(number), trip(*means))
    assert np.allclose(told.sum(axis=1), 1)
    assert ((told >= 0) & (told <= 1)).all()
    assert np.allclose(told * 10, np.round(told * 10))


def test_chances_are_right_on_average() -> None:
    one = trip(28.0, 33.0, 52.0)
    exact = one.level_chances(one.quantiles)
    mean = np.mean([told_chances(key(n), one) for n in range(4000)], axis=0)
    assert np.abs(mean - exact).max() < 0.01


def test_a_chance_that_differs_little_is_told_otherwise_that_rarely() -> None:
    one, other = trip(31.0), trip(31.05)
    exact = [each.level_chances(each.quantiles) for each in (one, other)]
    differ = np.abs(exact[0] - exact[1]).sum()
    seen = np.mean(
        [(told_chances(key(n), one) != told_chances(key(n), other)).any() for n in range(4000)]
    )
    assert 0 < differ < 0.02
    assert seen <= 10 * differ + 0.02


def test_what_is_certain_is_told_as_certain_with_every_key() -> None:
    for number in range(200):
        assert told_chances(key(number), trip(2.0, 120.0)).tolist() == [[1, 0, 0], [0, 0, 1]]


def test_the_same_trip_of_another_day_is_cut_at_the_same_place() -> None:
    """Else the days would be a sample of the exact chance each."""
    one = trip(31.0)
    other = replace(one, day=date(2026, 11, 27), trip_id="another timetable's")
    for number in range(50):
        assert (told_chances(key(number), one) == told_chances(key(number), other)).all()


def test_a_mean_that_differs_by_a_passenger_of_many_trips_is_hardly_ever_told_otherwise() -> None:
    step, tries = 1 / POLICY.least_trips, 3_000
    for mean in (25.0, 30.0, 35.0, 54.0):
        told = [
            [
                told_usual(key(n), POLICY, BORDERS, name="7", mean=each)
                for each in (mean, mean + step)
            ]
            for n in range(tries)
        ]
        seen = sum(one != other for one, other in told) / tries
        assert seen <= step / POLICY.least_width + 0.01


def test_a_mean_far_from_all_borders_has_its_level_with_every_key() -> None:
    for mean, level in ((10.0, "low"), (42.0, "medium"), (80.0, "high")):
        told = {told_usual(key(n), POLICY, BORDERS, name="7", mean=mean) for n in range(300)}
        assert told == {level}


@pytest.mark.parametrize("borders", [(8, 30), (20, 28)])
def test_of_a_vehicle_too_small_for_the_policy_no_usual_level_is_told(
    borders: tuple[int, int],
) -> None:
    assert told_usual(key(1), POLICY, borders, name="7", mean=9.0) is None


def test_nothing_is_told_with_a_key_that_everybody_knows() -> None:
    with pytest.raises(ValueError, match="secret"):
        told_chances(bytes(KEY_BYTES), trip(30.0))
    with pytest.raises(ValueError, match="secret"):
        told_usual(bytes(KEY_BYTES), POLICY, BORDERS, name="7", mean=30.0)

# SPDX-License-Identifier: EUPL-1.2
"""Advice for a whole day is worked out once for all peaks, and says what one search per peak says."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vehicle_occupancy.domain.forecast.distribution import KEPT, chance_above, excess_above
from vehicle_occupancy.domain.forecast.series import Floats
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.day import PlannedDay, planned_day
from vehicle_occupancy.domain.peaks.option import OptionKind
from vehicle_occupancy.domain.peaks.peak import Peak, find_peaks, limit_of
from vehicle_occupancy.domain.peaks.rules import PeakRules

from .peaky import LONG_TRAM, NIGHT, SEVEN, TRAM, trip

RULES = PeakRules()
EDGES = [0.0, *KEPT, 1.0]


def random_day(seed: int, blocks: int = 25, trips: int = 8) -> list[TripForecast]:
    """Vehicles of two lengths go to and fro, a third of them full; of some stops nothing is known."""
    dice = np.random.default_rng(seed)
    found = []
    for block in range(blocks):
        places, busy = (TRAM, LONG_TRAM)[block % 2], dice.choice([15, 35, 70])
        for number in range(trips):
            begin = SEVEN + 120 * block + 3000 * number + int(dice.integers(0, 600))
            loads = tuple(float(load) for load in dice.gamma(6, busy / 6, 3))
            made = trip(f"{block}-{number}", begin, loads, deviation=float(dice.uniform(1, 20)),
                        places=places, block=str(block), direction=number % 2)  # fmt: skip
            if dice.random() < 0.1:
                made.quantiles[int(dice.integers(3))] = np.nan
            found.append(made)
    return found


def peaks_of(day: list[TripForecast]) -> list[Peak]:
    found = find_peaks(day, RULES)
    assert len(found) > 20, "a day without peaks shows nothing"
    return found


def values_of(row: Floats) -> np.ndarray[Any, Any]:
    least = max(float(2 * row[0] - row[1]), 0.0)
    return np.maximum.accumulate(np.concatenate([[least], row, [2 * row[-1] - row[-2]]]))


def row_above(row: Floats, limit: float) -> float:
    return 1 - float(np.interp(np.floor(limit) + 0.5, values_of(row), EDGES))


def givers_searched_for(peak: Peak, day: PlannedDay) -> list[tuple[str, float]]:
    """All blocks gone through, trip by trip, for this peak alone."""
    own = day.trips[peak.trip_id]
    limit, found = limit_of(own, RULES), []
    for block in {each.block_id for each in day.trips.values()}:
        trips = [each for each in day.trips.values() if each.block_id == block]
        if any(np.isnan(each.quantiles).any() for each in trips):
            continue  # whether it can be spared is not known
        chances = [
            max(row_above(row, limit) for row in each.quantiles)
            for each in trips
            if np.any(each.quantiles[:, -1] > limit)
        ]
        crowded = float(np.float32(max(chances, default=0.0)))
        longer = limit_of(trips[0], RULES)
        if block != own.block_id and longer > peak.limit and crowded < RULES.capped_below:
            ordered = sorted(trips, key=lambda each: each.departures_s[0])
            ahead = [each for each in ordered if each.departures_s[0] >= own.departures_s[0]]
            found.append((crowded, -longer, [*ahead, ordered[-1]][0].trip_id))
    return [(trip_id, crowded) for crowded, _, trip_id in sorted(found)[:3]]


def standing_by_searched_for(peak: Peak, day: PlannedDay, earlier_s: float) -> set[str]:
    extra = day.trips[peak.trip_id]
    begin = extra.departures_s[0] - earlier_s
    back = begin + 2 * (extra.departures_s[-1] - extra.departures_s[0])
    return {
        one.trip_id
        for trips in day.blocks.values()
        for one, following in pairwise(trips)
        if one.last_stop_id == extra.stop_ids[0]
        and one.departures_s[-1] < begin
        and following.departures_s[0] > back
    }


@given(st.integers(0, 10_000), st.floats(0, 150))
def test_what_is_told_of_all_rows_at_once_is_that_of_each_row(seed: int, limit: float) -> None:
    dice = np.random.default_rng(seed)
    made = np.sort(np.round(dice.gamma(2, 30, (20, len(KEPT))), int(dice.integers(3))), axis=1)
    rows: Floats = np.maximum(made - 20, 0).astype(np.float32)
    rows[3] = np.nan
    rows[4] = np.floor(limit) + 0.5
    chances = np.array([row_above(row, limit) for row in rows], np.float32)
    np.testing.assert_array_equal(chance_above(rows, limit), chances)
    over = np.array([np.maximum(values_of(row) - limit, 0) for row in rows])
    np.testing.assert_allclose(
        excess_above(rows, limit), [np.trapezoid(row, EDGES) for row in over], rtol=1e-5
    )
    assert chance_above(rows[:0], limit).shape == excess_above(rows[:0], limit).shape == (0,)


@pytest.mark.parametrize("seed", [1, 2])
def test_longer_vehicles_are_those_that_a_search_of_all_blocks_finds(seed: int) -> None:
    made = random_day(seed)
    day, offered = planned_day(made, NIGHT), 0
    for peak in peaks_of(made):
        options = advise(peak, day, RULES).options
        told = [
            (each.trip_id, each.effect.other_probability)
            for each in options
            if each.kind is OptionKind.LENGTHEN and each.trip_id is not None
        ]
        assert sorted(told) == sorted(givers_searched_for(peak, day))
        offered += len(told)
    assert offered > 10


def test_who_stands_by_is_one_that_a_search_of_all_blocks_finds() -> None:
    made = random_day(3)
    day, by = planned_day(made, NIGHT), []
    for peak in peaks_of(made):
        for each in advise(peak, day, RULES).options:
            if each.kind is OptionKind.INSERT and each.minutes is not None:
                able = standing_by_searched_for(peak, day, -60 * each.minutes)
                assert each.trip_id in able or (each.trip_id is None and not able)
                by.append(each.trip_id)
    assert any(by)


def test_advice_for_a_peak_is_the_same_whatever_was_asked_before() -> None:
    made = random_day(4)
    shared = planned_day(made, NIGHT)
    for peak in reversed(peaks_of(made)):
        assert advise(peak, shared, RULES) == advise(peak, planned_day(made, NIGHT), RULES)

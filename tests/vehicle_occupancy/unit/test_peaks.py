# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vehicle_occupancy.domain.forecast.distribution import (
    at_chance,
    chance_above,
    excess_above,
    mean_of,
)
from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.comfort import Ridden, ridden
from vehicle_occupancy.domain.peaks.day import planned_day
from vehicle_occupancy.domain.peaks.option import Option, OptionKind
from vehicle_occupancy.domain.peaks.outcome import Verdict, outcome_of
from vehicle_occupancy.domain.peaks.peak import Peak, find_peaks, is_expected, outlook_of
from vehicle_occupancy.domain.peaks.rules import Comfort, PeakRules

from .peaky import LONG_TRAM, NIGHT, SEVEN, morning, spread, trip

RULES = PeakRules()


def the_peak() -> Peak:
    (peak,) = find_peaks(morning(), RULES)
    return peak


def options(kind: OptionKind, rules: PeakRules = RULES) -> list[Option]:
    found = advise(the_peak(), planned_day(morning(), NIGHT), rules).options
    return [option for option in found if option.kind is kind]


def test_the_comfort_limit_is_the_seats_and_a_share_of_the_standing_places() -> None:
    assert Comfort().limit(60, 80) == 80
    assert Comfort(seats=0.9, standing=0).limit(60, 80) == 54


def test_a_peak_is_the_section_on_which_the_limit_is_probably_passed() -> None:
    peak = the_peak()
    assert (peak.trip_id, peak.from_stop, peak.to_stop, peak.at_s) == (
        "full", "b", "c", SEVEN + 180,
    )  # fmt: skip
    assert peak.limit == 80
    assert peak.capacity == 140
    assert peak.expected_load == pytest.approx(95, abs=0.5)
    assert peak.probability > 0.95
    assert peak.excess == pytest.approx(15, abs=0.5)
    assert peak.peak_id == "20261124.1.full"


def test_a_trip_that_may_pass_the_limit_but_hardly_does_is_no_peak() -> None:
    assert find_peaks([trip("t", SEVEN, (50, 74, 60))], RULES) == []
    assert len(find_peaks([trip("t", SEVEN, (50, 78, 60))], RULES)) == 1


def test_a_peak_is_looked_at_anew_with_what_is_expected_by_now() -> None:
    peak = the_peak()
    as_of_night = outlook_of(peak, morning()[1])
    assert as_of_night is not None
    assert as_of_night.expected_load == peak.expected_load
    assert (as_of_night.probability, as_of_night.excess) == (peak.probability, peak.excess)
    emptier = trip("full", SEVEN, (50, 60, 60))
    found = outlook_of(peak, emptier)
    assert found is not None
    assert found.expected_load == pytest.approx(60, abs=0.5)
    assert found.low < 60 < found.high
    assert found.probability < 0.02
    assert (is_expected(peak, morning()[1], RULES), is_expected(peak, emptier, RULES)) == (
        True, False,
    )  # fmt: skip
    unknown = morning()[1].with_quantiles(np.full_like(emptier.quantiles, np.nan))
    assert outlook_of(peak, unknown) is None
    assert not is_expected(peak, unknown, RULES)


def test_two_sections_of_a_trip_are_two_peaks() -> None:
    found = find_peaks([trip("t", SEVEN, (95, 40, 95))], RULES)
    assert [(peak.from_stop, peak.to_stop) for peak in found] == [("a", "b"), ("c", "d")]


def test_nothing_is_said_of_stops_of_which_nothing_is_known() -> None:
    unknown = trip("t", SEVEN, (95, 40, 40))
    quantiles = unknown.quantiles.copy()
    quantiles[0] = np.nan
    assert find_peaks([unknown.with_quantiles(quantiles)], RULES) == []


def test_neighbours_with_room_are_offered_with_how_many_would_have_to_move() -> None:
    found = options(OptionKind.SHIFT)
    assert {option.trip_id for option in found} == {"early", "late"}
    early = next(option for option in found if option.trip_id == "early")
    # nine persons in a hundred cases more than the 85th percentile allows; room for 31
    assert early.minutes == -10
    assert 20 <= early.passengers <= 25
    assert early.assumed_movers == 9
    assert early.effect.excess_after == pytest.approx(early.effect.excess - 9, abs=1)
    assert early.effect.other_probability is not None
    assert early.effect.other_probability < 0.05
    assert early.cost.passenger_minutes == 90


def test_nobody_is_taken_to_move_where_nobody_is_assumed_to() -> None:
    for option in options(OptionKind.SHIFT, PeakRules(share_who_move=0)):
        assert option.assumed_movers == 0
        assert option.effect.excess_after == option.effect.excess


def test_a_full_neighbour_has_no_room() -> None:
    day = [trip("early", SEVEN - 600, (60, 78, 60)), *morning()[1:]]
    peak = next(peak for peak in find_peaks(day, RULES) if peak.trip_id == "full")
    found = advise(peak, planned_day(day, NIGHT), RULES).options
    assert [o.trip_id for o in found if o.kind is OptionKind.SHIFT] == ["late"]


def test_a_longer_vehicle_is_found_in_a_block_that_can_spare_it() -> None:
    (found,) = options(OptionKind.LENGTHEN)
    assert found.trip_id == "long"
    assert found.vehicle_capacity == 240
    assert found.effect.probability_after < 0.01
    assert found.effect.other_probability == 0


def test_a_longer_vehicle_that_is_needed_where_it_is_is_not_offered() -> None:
    day = [*morning()[:3], trip("long", SEVEN, (20, 110, 20), places=LONG_TRAM, block="4")]
    found = advise(the_peak(), planned_day(day, NIGHT), RULES).options
    (wanted,) = [option for option in found if option.kind is OptionKind.LENGTHEN]
    assert wanted.trip_id is None
    assert wanted.vehicle_capacity is not None
    assert 140 < wanted.vehicle_capacity < 240


def test_an_extra_trip_takes_half_and_costs_its_kilometres() -> None:
    (found,) = options(OptionKind.INSERT)
    assert found.minutes == -5
    assert found.effect.excess_after < 1
    assert found.cost.eur == pytest.approx(3 * RULES.costs.vehicle_km_eur)


@pytest.mark.parametrize(("needed_again_s", "stands_by"), [(3600, "home"), (300, None)])
def test_an_extra_trip_is_driven_by_who_stands_at_its_begin_long_enough(
    needed_again_s: int, stands_by: str | None
) -> None:
    day = [
        *morning(),
        trip("home", SEVEN - 3600, (5, 5, 5), block="9", direction=1),
        trip("next", SEVEN + needed_again_s, (5, 5, 5), block="9"),
    ]
    found = advise(the_peak(), planned_day(day, NIGHT), RULES).options
    (extra,) = [option for option in found if option.kind is OptionKind.INSERT]
    assert extra.trip_id == stands_by
    assert extra.passengers == 48, "half of those at the fullest stop"
    assert extra.effect.probability_after < 0.01 < extra.effect.probability


def test_leaving_earlier_moves_passengers_to_the_next_departure() -> None:
    (found,) = options(OptionKind.RETIME)
    assert found.minutes == -3
    assert found.trip_id == "late"
    assert found.passengers == 28
    assert found.effect.excess_after < found.effect.excess


def test_where_headways_are_long_departures_are_not_moved() -> None:
    rules = PeakRules(longest_headway_min=8)
    assert options(OptionKind.RETIME, rules) == options(OptionKind.INSERT, rules) == []


def test_what_caps_the_peak_stands_first_and_what_lacks_a_vehicle_last() -> None:
    found = advise(the_peak(), planned_day(morning(), NIGHT), RULES).options
    lacks = [
        option.trip_id is None and option.kind in {OptionKind.INSERT, OptionKind.LENGTHEN}
        for option in found
    ]
    assert any(lacks)
    assert lacks == sorted(lacks)
    can = [option for option in found if option.trip_id is not None]
    caps = [option.effect.probability_after < RULES.capped_below for option in can]
    assert caps == sorted(caps, reverse=True)
    assert caps[0]


def test_a_peak_that_did_not_come_is_told_with_what_is_usual() -> None:
    peak = the_peak()
    found = outcome_of(peak, [70], [[98], [None], [102]])
    assert found.verdict is Verdict.BELOW_LIMIT
    assert (found.load, found.excess, found.usual_load, found.usual_days) == (70, 0, 100, 2)
    assert found.below_usual == 30
    assert found.below_forecast == pytest.approx(25, abs=0.5)
    assert found.beyond_chance


def test_a_peak_that_came_as_expected_is_no_news() -> None:
    found = outcome_of(the_peak(), [96], [])
    assert found.verdict is Verdict.ABOVE_LIMIT
    assert found.excess == 16
    assert found.usual_load is None
    assert not found.beyond_chance


@pytest.mark.parametrize(
    ("load", "limit", "verdict", "excess"),
    [(96, 160, Verdict.BELOW_LIMIT, 0), (70, 60, Verdict.ABOVE_LIMIT, 10)],
    ids=["a longer one", "a shorter one"],
)
def test_a_peak_is_judged_by_the_vehicle_that_ran(
    load: int, limit: int, verdict: Verdict, excess: int
) -> None:
    found = outcome_of(the_peak(), [load], [], limit=limit)
    assert (found.verdict, found.excess, found.limit) == (verdict, excess, limit)


def test_another_stop_of_the_section_that_is_fuller_is_no_surprise_of_the_forecast() -> None:
    peak = replace(the_peak(), first=0, last=1, worst=0, expected_load=95.0, low=85.0, high=105.0)
    found = outcome_of(peak, [96, 110], [])
    assert (found.load, found.at_worst, found.verdict) == (110, 96, Verdict.ABOVE_LIMIT)
    assert (found.below_forecast, found.beyond_chance) == (-1, False)


def test_a_peak_that_nobody_counted_is_not_counted() -> None:
    assert outcome_of(the_peak(), [None], [[90]]).verdict is Verdict.NOT_COUNTED
    assert outcome_of(the_peak(), [], []).verdict is Verdict.NOT_COUNTED


def test_passenger_kilometres_above_the_limit_are_those_of_all_on_board() -> None:
    found = ridden([(50, 1000), (100, 500), (None, 700)], 80)
    assert found.passenger_km == 100
    assert found.above_km == 50
    assert found.excess_km == 10
    assert found.share_above == 0.5
    assert found.completeness == pytest.approx(2 / 3)


LOADS = st.lists(
    st.tuples(st.one_of(st.none(), st.floats(0, 300)), st.floats(0, 5000)), max_size=12
)


@given(LOADS, LOADS)
def test_what_was_ridden_on_parts_adds_up(
    one: list[tuple[float | None, float]], other: list[tuple[float | None, float]]
) -> None:
    whole = ridden([*one, *other], 80)
    parts = ridden(one, 80) + ridden(other, 80)
    assert whole.passenger_km == pytest.approx(parts.passenger_km)
    assert whole.excess_km <= whole.above_km + 1e-6
    assert whole.above_km <= whole.passenger_km + 1e-6
    assert Ridden() + whole == whole


@given(st.floats(1, 200), st.floats(1, 40), st.floats(0, 250))
def test_chances_fall_and_excess_shrinks_as_the_limit_grows(
    mean: float, deviation: float, limit: float
) -> None:
    rows = np.array([spread(mean, deviation)], np.float32)
    assert 0 <= chance_above(rows, limit + 5)[0] <= chance_above(rows, limit)[0] <= 1
    assert excess_above(rows, limit + 5)[0] <= excess_above(rows, limit)[0] + 1e-4
    assert at_chance(rows, 0.1)[0] >= at_chance(rows, 0.5)[0]
    assert mean_of(rows)[0] == pytest.approx(mean, rel=0.25, abs=deviation)

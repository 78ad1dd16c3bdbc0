# SPDX-License-Identifier: EUPL-1.2
"""What actions were to change, and what came of them, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.day import planned_day
from vehicle_occupancy.domain.peaks.outcome import outcome_of
from vehicle_occupancy.domain.peaks.peak import Peak, find_peaks
from vehicle_occupancy.domain.peaks.promise import Promise, chosen, effect_of, holding, promise_of
from vehicle_occupancy.domain.peaks.rules import PeakRules

from .peaky import NIGHT, morning

RULES = PeakRules()
SHIFT = Promise(12, 95.0, 80, 0.97, 0.6, 15.0, 5.0, low=85.0, high=105.0)
LONGER = Promise(0, 93.0, 135, 0.95, 0.01, 13.0, 0.0, low=84.0, high=102.0)


def the_peak() -> Peak:
    """95 persons are expected where 80 ride in comfort, 85 to 105 in four of five cases."""
    (peak,) = find_peaks(morning(), RULES)
    return replace(peak, expected_load=95.0, low=85.0, high=105.0)


@pytest.mark.parametrize(
    ("kind", "trip_id", "moved", "limit"),
    [
        ("shift", "early", 9, 80),
        ("retime", "late", 28, 80),
        ("insert", None, 48, 80),
        # all seats and a quarter of the standing places of the longer tram
        ("lengthen", "long", 0, 135),
    ],
)
def test_an_action_promises_what_its_option_says(
    kind: str, trip_id: str | None, moved: int, limit: int
) -> None:
    (peak,) = find_peaks(morning(), RULES)
    day = planned_day(morning(), NIGHT)
    option = chosen(advise(peak, day, RULES).options, kind, trip_id)
    assert option is not None
    promise = promise_of(peak, option, day.trips["full"])
    assert (promise.moved, promise.limit_after) == (moved, limit)
    assert promise.load == pytest.approx(95, abs=0.5)
    assert promise.low is not None
    assert promise.high is not None
    assert promise.low < promise.load < promise.high
    assert promise.excess_after == option.effect.excess_after
    assert promise.trip_id == trip_id


def test_an_option_that_was_not_offered_promises_nothing() -> None:
    (peak,) = find_peaks(morning(), RULES)
    options = advise(peak, planned_day(morning(), NIGHT), RULES).options
    assert chosen(options, "shift", "nowhere") is None
    assert chosen(options, "other", None) is None
    assert chosen(options, "shift", None) is None, "who names no trip did not do what was advised"


def test_persons_moved_are_those_expected_less_those_counted() -> None:
    peak = the_peak()
    found = effect_of(peak, outcome_of(peak, [78], []), [SHIFT])
    assert (found.expected_moved, found.expected_load) == (12, 83)
    assert (found.moved, found.moved_min, found.moved_max) == (17, 7, 27)
    assert (found.capped, found.as_expected, found.limit) == (True, True, 80)


def test_what_was_expected_when_it_was_promised_counts_not_the_day_before() -> None:
    live = replace(SHIFT, load=120.0, low=112.0, high=127.0)
    peak = the_peak()
    found = effect_of(peak, outcome_of(peak, [106], []), [live])
    assert (found.moved, found.moved_min, found.moved_max) == (14, 6, 21)


def test_persons_moved_are_counted_where_the_peak_was_expected() -> None:
    peak = replace(the_peak(), first=0, last=1, worst=0)
    came = outcome_of(peak, [84, 96], [])
    found = effect_of(peak, came, [SHIFT])
    assert (came.load, came.at_worst) == (96, 84)
    assert (found.moved, found.capped) == (11, False)


def test_a_promise_of_before_without_an_interval_tells_none() -> None:
    peak, old = the_peak(), replace(SHIFT, low=None, high=None)
    found = effect_of(peak, outcome_of(peak, [78], []), [old])
    assert (found.moved, found.moved_min, found.moved_max) == (17, None, None)


def test_a_peak_that_fell_less_than_it_was_to_says_so() -> None:
    peak = the_peak()
    found = effect_of(peak, outcome_of(peak, [90], []), [SHIFT])
    assert (found.moved, found.moved_min, found.moved_max) == (5, -5, 15)
    assert (found.capped, found.as_expected) == (False, False)


def test_a_longer_vehicle_moves_nobody_and_raises_the_limit() -> None:
    peak = the_peak()
    found = effect_of(peak, outcome_of(peak, [100], []), [LONGER])
    assert (found.expected_moved, found.limit, found.capped) == (0, 135, True)
    assert (found.moved, found.as_expected) == (-7, None)


def test_a_longer_vehicle_that_did_not_come_caps_nothing() -> None:
    peak = the_peak()
    found = effect_of(peak, outcome_of(peak, [100], [], limit=peak.limit), [LONGER])
    assert (found.limit, found.capped) == (peak.limit, False)


def test_several_actions_add_up_from_what_was_expected_before_the_first() -> None:
    peak = the_peak()
    found = effect_of(peak, outcome_of(peak, [70], []), [SHIFT, LONGER])
    assert (found.expected_moved, found.expected_load, found.limit) == (12, 83, 135)
    assert found.moved == 25


def test_what_was_not_counted_or_not_promised_is_unknown() -> None:
    peak = the_peak()
    uncounted = effect_of(peak, outcome_of(peak, [None], []), [SHIFT])
    assert (uncounted.expected_moved, uncounted.moved, uncounted.capped) == (12, None, None)
    unpromised = effect_of(peak, outcome_of(peak, [78], []), [])
    assert (unpromised.expected_moved, unpromised.as_expected) == (None, None)
    assert (unpromised.moved, unpromised.capped) == (17, True)


def test_of_the_same_kind_and_trip_the_newest_promise_holds() -> None:
    later = replace(SHIFT, moved=9)
    again = [("shift", "early", SHIFT), ("lengthen", "long", LONGER), ("shift", "early", later)]
    assert holding(again) == [LONGER, later]
    others = [("shift", "early", SHIFT), ("shift", "late", later), ("other", None, None)]
    assert holding(others) == [SHIFT, later]


def test_who_names_no_trip_means_the_one_that_was_promised() -> None:
    best, named = replace(SHIFT, trip_id="early"), replace(SHIFT, moved=9, trip_id="early")
    assert holding([("shift", None, best), ("shift", "early", named)]) == [named]


def test_an_action_of_which_nothing_was_expected_takes_no_promise_back() -> None:
    assert holding([("shift", "early", SHIFT), ("shift", "early", None)]) == [SHIFT]

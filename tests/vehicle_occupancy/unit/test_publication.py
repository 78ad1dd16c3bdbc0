# SPDX-License-Identifier: EUPL-1.2
"""What can be read of single passengers from published levels.

The adversary knows the policy, the vehicles, both of two possible days (they differ by one
passenger) and all levels published on the day; not the key. His advantage is the probability to
say "aboard" where it is true minus that where it is not; it is at most the probability that
the two days are published differently. Boundaries are few, so that this is counted exactly.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vehicle_occupancy.domain.load.level import Level, LevelRules
from vehicle_occupancy.domain.load.vehicle import VehicleRules
from vehicle_occupancy.domain.publication import (
    Boundaries,
    Departure,
    PublicationPolicy,
    Published,
    boundaries,
    publish,
    slot_of,
    windows,
)

POLICY, LEVELS = PublicationPolicy(), LevelRules()
TRAM = VehicleRules(seats=68, standing=107)
BUS = VehicleRules(seats=36, standing=40)
MORNING = datetime(2026, 11, 3, 6, tzinfo=UTC)


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def departure(stop: int, trip: str = "t-1", vehicle: str = "tram-1") -> Departure:
    at = MORNING + timedelta(minutes=2 * stop)
    return Departure(vehicle, trip, "20261103", str(stop), at)


def told(
    secret: bytes, loads: Sequence[int], rules: VehicleRules, *, trip: str, vehicle: str
) -> tuple[Level | None, ...]:
    """The stream of one trip, as it leaves the service."""
    stream: list[Level | None] = []
    before: Published | None = None
    for stop, load in enumerate(loads):
        leaving = departure(stop, trip, vehicle)
        before = publish(secret, POLICY, LEVELS, rules, before=before, departure=leaving, load=load)
        stream.append(before.level)
    return tuple(stream)


def all_boundaries(rules: VehicleRules) -> list[Boundaries]:
    where = windows(POLICY, LEVELS, rules)
    assert where is not None
    medium, high = (range(window.first, window.last + 1) for window in where)
    return [Boundaries(*pair) for pair in itertools.product(medium, high)]


def width(rules: VehicleRules) -> int:
    where = windows(POLICY, LEVELS, rules)
    assert where is not None
    return where[0].width


def levels(limits: Boundaries, loads: Sequence[int]) -> tuple[Level, ...]:
    return tuple(limits.level_of(load) for load in loads)


def told_apart(rules: VehicleRules, one: Sequence[int], other: Sequence[int]) -> float:
    """The share of all boundaries under which two trips are published differently."""
    drawn = all_boundaries(rules)
    return sum(levels(each, one) != levels(each, other) for each in drawn) / len(drawn)


LOADS = st.lists(st.integers(0, 200), min_size=1, max_size=30)


@given(LOADS, st.data())
def test_no_single_passenger_step_can_be_read_beyond_the_bound(
    loads: list[int], data: st.DataObject
) -> None:
    stop = data.draw(st.integers(0, len(loads) - 1))
    with_passenger = [load + (number == stop) for number, load in enumerate(loads)]
    assert told_apart(TRAM, loads, with_passenger) <= 1 / width(TRAM) + 1e-12


@given(LOADS, st.data())
def test_no_ride_of_a_passenger_can_be_read_beyond_the_bound(
    loads: list[int], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(loads) - 1))
    last = data.draw(st.integers(first, len(loads) - 1))
    riding = [load + (first <= number <= last) for number, load in enumerate(loads)]
    different = len(set(loads[first : last + 1]))
    assert told_apart(TRAM, loads, riding) <= different / width(TRAM) + 1e-12


@given(st.lists(st.integers(0, POLICY.least_load), min_size=1, max_size=20), st.integers(0, 10**6))
def test_who_is_almost_alone_in_a_vehicle_is_never_seen(loads: list[int], number: int) -> None:
    for rules in (TRAM, BUS):
        stream = told(key(number), loads, rules, trip="t-1", vehicle="tram-1")
        assert set(stream) == {Level.LOW}


@pytest.mark.parametrize(("rules", "bound"), [(TRAM, 1 / 23), (BUS, 1 / 11)])
def test_bound_of_a_step_is_the_stated_one(rules: VehicleRules, bound: float) -> None:
    worst = max(told_apart(rules, [load], [load + 1]) for load in range(rules.most))
    assert worst == pytest.approx(bound)


def explanations(rules: VehicleRules, stream: Sequence[Level | None], loads: list[int]) -> int:
    """How many boundaries would publish these loads so."""
    where = windows(POLICY, LEVELS, rules)
    assert where is not None
    medium, high = (np.arange(window.first, window.last + 1) for window in where)
    at_least_medium = np.greater_equal.outer(loads, medium)
    at_least_high = np.greater_equal.outer(loads, high)
    order = [list(Level).index(Level(level)) for level in stream]
    said = np.array(order)[:, None]
    fits_medium = ((said >= 1) == at_least_medium).all(axis=0)
    fits_high = ((said >= 2) == at_least_high).all(axis=0)
    return int(fits_medium.sum() * fits_high.sum())


def believes_aboard(
    rules: VehicleRules, stream: Sequence[Level | None], absent: list[int], aboard: list[int]
) -> bool:
    """The best guess there is: whichever day more boundaries explain; unsure: not aboard."""
    return explanations(rules, stream, aboard) > explanations(rules, stream, absent)


def test_best_guess_of_an_adversary_who_sees_a_whole_day_stays_within_the_bound() -> None:
    """The trip he asks about; what he sees of other trips tells him nothing (next test)."""
    dice = np.random.default_rng(49)
    trials, hits, alarms, bounds, guesses = 4000, 0, 0, 0.0, 0
    for trial in range(trials):
        # Half of the trials about the window, where alone there is something to see.
        load = int(dice.integers(20, 75) if trial % 2 else dice.integers(0, 40))
        others = []
        for _ in range(20):
            load = max(0, load + int(dice.poisson(4)) - int(dice.binomial(load, 0.1)))
            others.append(load)
        first = int(dice.integers(0, 14))
        last = first + int(dice.integers(0, 6))
        riding = [each + (first <= number <= last) for number, each in enumerate(others)]
        streams = [
            told(key(trial), loads, TRAM, trip=f"t-{trial}", vehicle="tram-1")
            for loads in (others, riding)
        ]
        alarms += believes_aboard(TRAM, streams[0], others, riding)
        hits += believes_aboard(TRAM, streams[1], others, riding)
        bounds += min(1.0, len(set(others[first : last + 1])) / width(TRAM))
        guesses += streams[0] != streams[1]
    advantage = (hits - alarms) / trials
    assert guesses > 0  # the trials reach the windows
    assert advantage <= bounds / trials
    assert advantage <= 0.10 + 3 * sqrt(0.1 * 0.9 / trials)


@pytest.mark.parametrize("departures", [1, 25])
@pytest.mark.parametrize("where", range(0, 23, 2))
def test_streams_of_two_days_that_differ_by_one_passenger_differ_within_the_bound(
    where: int, departures: int
) -> None:
    """The service's own streams over many keys; a ride among others who stay is one load."""
    found = windows(POLICY, LEVELS, TRAM)
    assert found is not None
    loads, trials = [found[0].first - 1 + where] * departures, 1200
    riding = [load + 1 for load in loads]
    differing = sum(
        told(key(n), loads, TRAM, trip="t", vehicle="v")
        != told(key(n), riding, TRAM, trip="t", vehicle="v")
        for n in range(trials)
    )
    bound = 1 / width(TRAM)
    assert differing / trials <= bound + 4 * sqrt(bound * (1 - bound) / trials)


def test_other_vehicles_and_trips_tell_nothing_of_a_trips_boundaries() -> None:
    where = windows(POLICY, LEVELS, TRAM)
    assert where is not None
    pairs = [
        (boundaries(key(n), departure(0, "a"), where), boundaries(key(n), departure(0, "b"), where))
        for n in range(4000)
    ]
    table = np.zeros((where[0].width, where[0].width))
    for one, other in pairs:
        table[one.medium - where[0].first, other.medium - where[0].first] += 1
    expected = len(pairs) / where[0].width ** 2
    chi = ((table - expected) ** 2 / expected).sum()
    freedom = where[0].width ** 2 - 1
    assert abs(chi - freedom) < 5 * sqrt(2 * freedom)


def test_boundaries_are_evenly_drawn_and_those_of_two_levels_apart_from_each_other() -> None:
    where = windows(POLICY, LEVELS, BUS)
    assert where is not None
    drawn = [boundaries(key(7), departure(0, f"t-{n}"), where) for n in range(12_100)]
    counts = np.zeros((where[0].width, where[1].width))
    for each in drawn:
        assert where[0].first <= each.medium <= where[0].last < where[1].first <= each.high
        counts[each.medium - where[0].first, each.high - where[1].first] += 1
    expected = len(drawn) / counts.size
    chi = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi - counts.size) < 5 * sqrt(2 * counts.size)


def test_many_departures_of_one_load_tell_no_more_than_one() -> None:
    medium = windows(POLICY, LEVELS, TRAM)
    assert medium is not None
    load = medium[0].first + 7
    once = told_apart(TRAM, [load], [load + 1])
    assert told_apart(TRAM, [load] * 200, [load + 1] * 200) == once
    # Drawn anew at each departure, the share of levels would be the load itself.
    shares = []
    for each in (load, load + 4):
        drawn = [
            told(key(1), [each], TRAM, trip=f"t-{n}", vehicle="tram-1")[0] for n in range(2000)
        ]
        shares.append(sum(level is not Level.LOW for level in drawn) / 2000)
    assert shares[1] - shares[0] == pytest.approx(4 / width(TRAM), abs=0.04)


@given(LOADS, st.integers(0, 10**9))
def test_level_is_the_same_whoever_asks_and_however_often(loads: list[int], number: int) -> None:
    once = told(key(number), loads, TRAM, trip="t-1", vehicle="tram-1")
    assert told(key(number), loads, TRAM, trip="t-1", vehicle="tram-1") == once


def test_level_changes_at_departures_only_and_its_first_word_holds() -> None:
    first = publish(key(1), POLICY, LEVELS, TRAM, before=None, departure=departure(1), load=0)
    assert first.level is Level.LOW
    same = publish(key(1), POLICY, LEVELS, TRAM, before=first, departure=departure(1), load=200)
    assert same == first
    later = publish(key(1), POLICY, LEVELS, TRAM, before=first, departure=departure(2), load=200)
    assert later.level is Level.HIGH


def test_another_key_may_not_tell_a_departure_again() -> None:
    first = publish(key(1), POLICY, LEVELS, TRAM, before=None, departure=departure(1), load=34)
    again = publish(key(2), POLICY, LEVELS, TRAM, before=first, departure=departure(1), load=34)
    assert again is first


def test_nothing_is_told_of_an_unknown_load_or_a_vehicle_too_small() -> None:
    minibus = VehicleRules(seats=16, standing=0)
    assert windows(POLICY, LEVELS, minibus) is None
    for rules, load in ((minibus, 12), (TRAM, None)):
        found = publish(
            key(1), POLICY, LEVELS, rules, before=None, departure=departure(1), load=load
        )
        assert found.level is None


@given(st.integers(0, 200), st.integers(0, 300), st.floats(0, 0.5), st.integers(1, 40))
def test_windows_are_wide_enough_apart_and_above_small_counts_whatever_the_vehicle(
    seats: int, standing: int, spread: float, least_width: int
) -> None:
    policy = PublicationPolicy(spread=spread, least_width=least_width)
    found = windows(policy, LEVELS, VehicleRules(seats=seats, standing=standing))
    if found is not None:
        medium, high = found
        assert policy.least_load < medium.first <= medium.last < high.first
        assert medium.width == high.width >= least_width


def test_without_a_known_departure_a_slot_of_time_stands_for_it() -> None:
    at = datetime(2026, 11, 3, 7, 19, 59, tzinfo=UTC)
    assert slot_of("w", at) == slot_of("w", at - timedelta(minutes=9))
    assert slot_of("w", at) != slot_of("w", at + timedelta(minutes=1))
    assert slot_of("w", at).draw == slot_of("w", at + timedelta(minutes=30)).draw

# SPDX-License-Identifier: EUPL-1.2
"""Counts of a trip made to add up."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vehicle_occupancy.domain.load.reconcile import Counted, reconcile

PERSONS = st.integers(0, 60)
COUNTED = st.tuples(PERSONS, PERSONS, st.floats(0, 9), st.floats(0, 9)).map(
    lambda each: Counted(*each)
)
COUNTS = st.lists(COUNTED, min_size=1, max_size=25)


def test_counts_that_add_up_stay_as_they_are() -> None:
    counts = [Counted(10, 0), Counted(5, 3), Counted(0, 12)]
    found = reconcile(counts, most=100)
    assert found.imbalance == 0
    assert [stop.load for stop in found.stops] == pytest.approx([10, 12, 0])
    assert [stop.boarded for stop in found.stops] == pytest.approx([10, 5, 0])
    assert [stop.alighted for stop in found.stops] == pytest.approx([0, 3, 12])


def test_who_never_alighted_is_taken_from_all_counts_in_proportion() -> None:
    found = reconcile([Counted(60, 0), Counted(40, 0), Counted(0, 90)], most=200)
    assert found.imbalance == 10
    first, second, last = found.stops
    assert first.boarded == pytest.approx(60 - 10 * 60 / 190, abs=0.1)
    assert second.load == pytest.approx(95, abs=0.5)
    assert last.load == 0


def test_doubtful_direction_bears_more_of_the_correction() -> None:
    even = reconcile([Counted(100, 0), Counted(0, 90)], most=200)
    doubtful_exits = reconcile([Counted(100, 0, 3), Counted(0, 90, alighted_variance=9)], most=200)
    assert doubtful_exits.stops[0].load > even.stops[0].load


@given(COUNTS, st.integers(0, 40), st.integers(0, 40))
def test_nobody_is_ever_less_than_nobody_and_the_trip_ends_as_it_is_known_to(
    counts: list[Counted], start: int, end: int
) -> None:
    found = reconcile(counts, most=80, start=start, end=end)
    assert len(found.stops) == len(counts)
    load = float(start)
    for stop in found.stops:
        assert load - stop.alighted >= -1e-6
        load += stop.boarded - stop.alighted
        assert stop.load == pytest.approx(load, abs=1e-6)
        assert -1e-6 <= load <= 80 + 1e-6
    assert load == pytest.approx(end, abs=1e-6)


def test_loads_come_nearer_to_the_truth_than_counts_alone() -> None:
    rng = random.Random(5)
    plain = reconciled = 0.0
    for _ in range(200):
        counts, true, aboard = [], [], 0
        for stop in range(12):
            leaving = aboard if stop == 11 else sum(rng.random() < 0.2 for _ in range(aboard))
            boarding = 0 if stop == 11 else rng.randrange(14)
            aboard += boarding - leaving
            true.append(aboard)
            counted = [
                sum(rng.random() > miss for _ in range(persons))
                for persons, miss in ((boarding, 0.03), (leaving, 0.06))
            ]
            counts.append(Counted(counted[0], counted[1]))
        sums = [sum(each.boarded - each.alighted for each in counts[: n + 1]) for n in range(12)]
        found = reconcile(counts, most=200)
        plain += sum(abs(one - other) for one, other in zip(sums, true, strict=True))
        reconciled += sum(
            abs(stop.load - other) for stop, other in zip(found.stops, true, strict=True)
        )
    assert reconciled < 0.9 * plain

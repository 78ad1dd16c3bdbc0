# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_occupancy.domain.balance import (
    Balance,
    Balancing,
    Entry,
    key_of,
    take_all,
    unknown_balance,
)
from parking_occupancy.domain.counted_past import CountedBucket, KindPast, Stretch, counted_buckets
from parking_occupancy.domain.history import FINEST, BayPast, Bucket
from parking_occupancy.domain.places import Place, Shift
from parking_occupancy.domain.sensors_past import Seen
from parking_occupancy.domain.track import Reading

from .building import T0, at
from .counted import anchor, counted, make_gate, make_rules

RULES = make_rules(20, make_gate(limit_s=1200))
MINUTE = 60


def past(
    *entries: Entry, buckets: int = 4, rules: Balancing = RULES, bays: Sequence[KindPast] = ()
) -> list[Bucket]:
    ordered = sorted(entries, key=key_of)
    earlier = [entry for entry in ordered if key_of(entry)[0] < T0]
    before = take_all(rules, unknown_balance(rules, T0), earlier).balance
    found = counted_buckets(
        rules,
        before,
        [entry for entry in ordered if key_of(entry)[0] >= T0],
        bays=bays,
        stretch=Stretch(T0, T0 + buckets * FINEST),
    )
    return [each.bucket for each in found]


def bay(*seen: tuple[float, str], general: bool = True, shifts: Sequence[Shift] = ()) -> KindPast:
    observed = [Seen(at(seconds), Reading(reading)) for seconds, reading in seen]
    return KindPast(BayPast(timedelta(hours=1), observed, shifts=shifts), general)


def test_means_are_weighted_by_time_between_counts() -> None:
    first, second, *_ = past(anchor(-1, 5), counted(-1, 0, 0), counted(2 * MINUTE, 5, 0))
    assert first.occupied_mean == pytest.approx((2 * 5 + 3 * 10) / 5)
    assert (first.free_min, first.free_max, second.free_mean) == (10, 15, 10)
    assert first.completeness == second.completeness == 1


def test_bays_move_between_the_groups_and_out_of_service_in_the_past_of_a_counted_lot() -> None:
    counts = (anchor(-1, 5), counted(-1, 0, 0))
    loading = bay((-5, "free"), shifts=[Shift(T0, Place.GENERAL), Shift(at(300), Place.OTHER)])
    first, second, *_ = past(*counts, bays=[loading])
    assert (first.free_mean, second.free_mean) == (15, 14)
    closed = bay((-5, "free"), shifts=[Shift(T0, Place.GENERAL_OUT)])
    first, *_ = past(*counts, bays=[closed])
    assert (first.free_mean, first.occupied_mean, first.unknown_mean) == (14, 5, 0)


def test_a_silent_gate_makes_the_past_unknown_from_its_limit_on() -> None:
    found = past(anchor(-10 * MINUTE, 5), counted(-10 * MINUTE, 0, 0), buckets=3)
    assert [round(bucket.completeness, 3) for bucket in found] == [1, 1, 0]
    assert found[2].unknown_mean == 20


def test_nothing_is_known_before_the_first_certain_number() -> None:
    found = past(counted(1, 0, 0), anchor(7.5 * MINUTE, 4))
    assert [bucket.completeness for bucket in found] == [0, 0.5, 1, 1]


def test_vehicles_on_bays_of_other_kinds_are_taken_off() -> None:
    taken = bay((-1, "occupied"), general=False)
    (found,) = past(anchor(-1, 5), counted(-1, 0, 0), buckets=1, bays=[taken])
    # Of 20 places one is of another kind, and of 5 vehicles one stands there.
    assert (found.occupied_mean, found.free_mean) == (4, 15)


def test_what_is_sensed_of_personal_bays_moves_nothing_of_the_past() -> None:
    counts = (anchor(-1, 5), counted(-1, 0, 0))
    found = {
        tuple(past(*counts, bays=[each] * 4))
        for reading in ("occupied", "free", "suspect")
        for heard in [(-5, reading), (MINUTE, reading)]
        for each in (
            bay(heard, general=False)._replace(personal=True),
            bay(heard, shifts=[Shift(T0, Place.PERSONAL)]),
        )
    }
    assert len(found) == 1
    # Of 20 places four are a person's, and of 5 vehicles one is likely there.
    assert [(each.occupied_mean, each.free_mean) for each in found.pop()] == [(4, 12)] * 4


def test_bays_seen_taken_bound_the_past_count() -> None:
    taken = [bay((MINUTE, "occupied")) for _ in range(8)]
    (found,) = past(anchor(-1, 5), counted(-1, 0, 0), buckets=1, bays=taken)
    assert found.occupied_mean == pytest.approx((1 * 5 + 4 * 8) / 5)


small = st.integers(0, 5)
logs = st.lists(
    st.builds(counted, st.integers(-600, 2400), small, small, event=st.uuids().map(str))
    | st.builds(anchor, st.integers(-600, 2400), small),
    max_size=15,
    unique_by=key_of,
)


@given(logs, st.integers(1, 7))
@settings(deadline=None)
def test_a_stretch_counted_in_parts_is_the_same_as_at_once(log: Sequence[Entry], cut: int) -> None:
    ordered = sorted(log, key=key_of)

    def balance_at(seconds: float) -> Balance:
        earlier = [entry for entry in ordered if key_of(entry)[0] < at(seconds)]
        return take_all(RULES, unknown_balance(RULES, T0), earlier).balance

    def part(begin: float, end: float) -> list[CountedBucket]:
        inside = [entry for entry in ordered if at(begin) <= key_of(entry)[0] < at(end)]
        stretch = Stretch(at(begin), at(end))
        return counted_buckets(RULES, balance_at(begin), inside, bays=(), stretch=stretch)

    middle = cut * 300
    assert part(0, 2400) == part(0, middle) + part(middle, 2400)
    for bucket, _ in part(0, 2400):
        if bucket.free_mean is None or bucket.free_min is None or bucket.free_max is None:
            assert bucket.completeness == 0
            continue
        assert 0 <= bucket.free_min <= bucket.free_mean + 1e-9
        assert bucket.free_mean <= bucket.free_max + 1e-9
        assert bucket.free_max <= 20

# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.bay import Bay, TimedKind
from parking_occupancy.domain.history import FINEST, BayPast, buckets
from parking_occupancy.domain.opening import Span
from parking_occupancy.domain.places import Place, Shift, Was, Withdrawn, places
from parking_occupancy.domain.restrictions import PERSONAL_KINDS, BayKind
from parking_occupancy.domain.sensors_past import Seen
from parking_occupancy.domain.track import Reading

from .building import at, make_bay

GENERAL, OTHER = Place.GENERAL, Place.OTHER


def between(first: float, last: float, kind: BayKind = BayKind.LOADING) -> TimedKind:
    """A kind that holds from one second to before another."""

    def hours(now: datetime) -> Span:
        if now < at(first):
            return Span(is_open=False, until=at(first))
        return Span(is_open=True, until=at(last)) if now < at(last) else Span(is_open=False)

    return TimedKind(kind, hours)


def timed(*kinds: TimedKind, usual: BayKind = BayKind.GENERAL) -> Bay:
    return replace(make_bay(kind=usual), timed_kinds=kinds)


def of(bay: Bay, *withdrawn: tuple[float, float]) -> list[Shift]:
    return places(
        [Was(at(-9), bay)], at(0), at(600), [Withdrawn(at(a), at(b)) for a, b in withdrawn]
    )


def test_bay_belongs_to_the_places_of_the_kind_that_held_at_the_time() -> None:
    assert of(make_bay()) == [Shift(at(0), GENERAL)]
    assert of(make_bay(kind=BayKind.TAXI)) == [Shift(at(0), OTHER)]
    assert of(timed(between(60, 120))) == [
        Shift(at(0), GENERAL),
        Shift(at(60), OTHER),
        Shift(at(120), GENERAL),
    ]
    evening = timed(between(-60, 300, BayKind.GENERAL), usual=BayKind.RESIDENT)
    assert of(evening) == [Shift(at(0), GENERAL), Shift(at(300), Place.PERSONAL)]


def test_bay_belongs_to_the_places_of_the_kind_it_was_configured_as() -> None:
    loading = timed(between(60, 400))
    versions = [Was(at(-9), loading), Was(at(200), make_bay()), Was(at(300), loading)]
    assert places(versions, at(0), at(600), [Withdrawn(at(250), at(350))]) == [
        Shift(at(0), GENERAL),
        Shift(at(60), OTHER),
        Shift(at(200), GENERAL),
        Shift(at(250), Place.GENERAL_OUT),
        Shift(at(300), Place.OTHER_OUT),
        Shift(at(350), OTHER),
        Shift(at(400), GENERAL),
    ]


def test_bay_is_out_of_service_while_an_order_holds() -> None:
    assert of(make_bay(), (100, 200), (150, 900)) == [
        Shift(at(0), GENERAL),
        Shift(at(100), Place.GENERAL_OUT),
    ]
    assert of(timed(between(0, 300)), (200, 400)) == [
        Shift(at(0), OTHER),
        Shift(at(200), Place.OTHER_OUT),
        Shift(at(300), Place.GENERAL_OUT),
        Shift(at(400), GENERAL),
    ]


def past(reading: Reading, shifts: Sequence[Shift] = ()) -> BayPast:
    return BayPast(make_bay().heartbeat_limit, [Seen(at(-9), reading)], shifts=shifts)


def test_history_counts_a_bay_only_while_it_is_a_general_place() -> None:
    loading = past(Reading.FREE, of(timed(between(75, 150))))
    (bucket, *_) = buckets(
        [loading, past(Reading.OCCUPIED)], start=at(0), end=at(300), without_sensor=1
    )
    assert (bucket.free_mean, bucket.free_min, bucket.free_max) == (0.75, 0, 1)
    assert (bucket.occupied_mean, bucket.unknown_mean) == (1, 1)
    # Known are the taxi-free quarters and the other bay, of three places and of two.
    assert bucket.completeness == pytest.approx((0.75 + 1) / (0.75 + 2))


def test_bay_out_of_service_is_neither_free_nor_occupied_nor_unknown_in_history() -> None:
    closed = past(Reading.FREE, of(make_bay(), (0, 900)))
    (bucket, *_) = buckets([closed, past(Reading.FREE)], start=at(0), end=at(300))
    assert (bucket.free_mean, bucket.occupied_mean, bucket.unknown_mean) == (1, 0, 0)
    assert bucket.completeness == 1


@pytest.mark.parametrize("kind", sorted(PERSONAL_KINDS))
def test_personal_bays_have_places_of_their_own(kind: BayKind) -> None:
    found = of(make_bay(kind=kind), (100, 200))
    assert [shift.place for shift in found] == [Place.PERSONAL, Place.OTHER_OUT, Place.PERSONAL]


@given(
    st.lists(st.tuples(st.integers(-100, 700), st.integers(-100, 700)).map(sorted), max_size=4),
    st.integers(-100, 700),
    st.integers(0, 400),
    st.integers(0, 599),
)
def test_places_of_a_stretch_say_what_each_moment_of_it_says(
    windows: list[list[int]], first: int, length: int, second: int
) -> None:
    bay = timed(between(first, first + length))
    found = of(bay, *((a, b) for a, b in windows))
    (now, *_) = [shift.place for shift in reversed(found) if shift.at <= at(second)]
    out = any(a <= second < b for a, b in windows)
    loading = first <= second < first + length
    assert now is (
        (Place.OTHER_OUT if out else OTHER) if loading else (Place.GENERAL_OUT if out else GENERAL)
    )


def test_stretch_with_shifts_is_the_same_counted_at_once_or_in_parts() -> None:
    bay = timed(between(200, 700))
    whole = buckets([past(Reading.FREE, of(bay))], start=at(0), end=at(600))
    parts = [
        bucket
        for begin in (at(0), at(300))
        for bucket in buckets(
            [past(Reading.FREE, places([Was(begin, bay)], begin, begin + FINEST))],
            start=begin,
            end=begin + FINEST,
        )
    ]
    assert whole == parts

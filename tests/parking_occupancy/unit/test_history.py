from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.bay import Reading, assess, fold
from parking_occupancy.domain.history import (
    FINEST,
    BayPast,
    Bucket,
    Seen,
    Span,
    buckets,
    ended_buckets,
    floor,
    merge,
    touched,
)
from stadttakt_messages.states import BayStatus

from .building import at, make_bay, seen

READINGS = {"f": Reading.FREE, "o": Reading.OCCUPIED, "s": Reading.SUSPECT}


def past(*given: tuple[float, str], limit_s: float = 3600) -> BayPast:
    return BayPast(
        timedelta(seconds=limit_s),
        [Seen(at(seconds), READINGS[letter]) for seconds, letter in given],
    )


def of(bays: Sequence[BayPast], until: float = 300, *, reserve: int = 0) -> list[Bucket]:
    return buckets(bays, start=at(0), end=at(until), reserve=reserve)


@pytest.mark.parametrize(
    ("bays", "free", "low", "high", "occupied", "unknown", "completeness"),
    [
        ([past((-9, "f"))], 1, 1, 1, 0, 0, 1),
        ([past((-9, "f"), (150, "o"))], 0.5, 0, 1, 0.5, 0, 1),
        ([past((60, "o"))], 0, 0, 0, 0.8, 0.2, 0.8),
        ([past((-9, "f"), (0, "o"))], 0, 0, 0, 1, 0, 1),
        ([past((-9, "f"), limit_s=159)], 0.5, 0, 1, 0, 0.5, 0.5),
        ([past((-900, "f"), limit_s=600)], 0, 0, 0, 0, 1, 0),
        ([past((-9, "s"))], 0, 0, 0, 0, 1, 0),
        ([past((0, "f")), past((0, "o"), (75, "f"))], 1.75, 1, 2, 0.25, 0, 1),
        ([past((-9, "f"), (100, "o"), (100, "f"))], 1, 1, 1, 0, 0, 1),
        ([], 0, 0, 0, 0, 0, 0),
    ],
)
def test_means_are_weighted_by_time(  # noqa: PLR0917
    bays: list[BayPast],
    free: float,
    low: int,
    high: int,
    occupied: float,
    unknown: float,
    completeness: float,
) -> None:
    (bucket,) = of(bays)
    assert bucket.start == at(0)
    assert (bucket.free_min, bucket.free_max) == (low, high)
    measured = (bucket.free_mean, bucket.occupied_mean, bucket.unknown_mean, bucket.completeness)
    assert measured == pytest.approx((free, occupied, unknown, completeness))


def test_reserve_is_never_shown_as_free() -> None:
    (bucket,) = of([past((0, "f")), past((0, "f")), past((0, "o"), (150, "f"))], reserve=2)
    assert (bucket.free_mean, bucket.free_min, bucket.free_max) == (0.5, 0, 1)


def test_a_state_reaches_over_buckets_until_the_limit() -> None:
    found = of([past((10, "o"), limit_s=600)], 900)
    assert [bucket.start for bucket in found] == [at(0), at(300), at(600)]
    assert [round(bucket.occupied_mean * 300) for bucket in found] == [290, 300, 10]


def test_buckets_begin_at_whole_multiples() -> None:
    assert floor(at(299), FINEST) == at(0)
    assert floor(at(300), FINEST) == at(300)
    assert floor(at(3599), timedelta(hours=1)) == at(0)


def test_an_observation_touches_no_more_than_its_limit_and_no_future() -> None:
    limit = timedelta(seconds=600)
    assert touched(at(0), limit, at(60)) == Span(at(0), at(60))
    assert touched(at(0), limit, at(9000)) == (at(0), at(600))
    assert touched(at(100), limit, at(60)) == (at(100), at(100))


def test_spans_that_overlap_give_each_ended_bucket_once() -> None:
    spans = [Span(at(650), at(1300)), Span(at(10), at(299)), Span(at(700), at(900))]
    assert ended_buckets(spans, at(1200)) == [at(0), at(600), at(900)]
    assert ended_buckets([], at(1200)) == []


histories = st.lists(
    st.tuples(st.integers(-900, 1800), st.sampled_from("fos")),
    max_size=12,
    unique_by=lambda x: x[0],
)


@given(st.lists(histories, max_size=4), st.sampled_from([120, 600, 3600]))
def test_bay_time_is_conserved_and_extremes_hold_the_mean(
    lot: list[list[tuple[int, str]]], limit_s: int
) -> None:
    bays = [past(*sorted(each), limit_s=limit_s) for each in lot]
    for bucket in of(bays, 1800):
        total = bucket.free_mean + bucket.occupied_mean + bucket.unknown_mean
        assert total == pytest.approx(len(bays))
        assert bucket.free_min - 1e-9 <= bucket.free_mean <= bucket.free_max + 1e-9
        assert 0 <= bucket.free_min <= bucket.free_max <= len(bays)


@given(st.lists(histories, max_size=4))
def test_a_stretch_is_the_same_counted_at_once_or_in_parts(
    lot: list[list[tuple[int, str]]],
) -> None:
    bays = [past(*sorted(each)) for each in lot]
    parts = [
        bucket
        for begin in (0, 300, 600)
        for bucket in buckets(bays, start=at(begin), end=at(begin + 300))
    ]
    whole = of(bays, 900)
    assert [part.start for part in parts] == [part.start for part in whole]
    assert [part[1:] for part in parts] == [pytest.approx(part[1:]) for part in whole]
    merged = merge(at(0), whole)
    assert merged.free_mean == pytest.approx(fmean(part.free_mean for part in whole))


@given(histories, st.integers(0, 1799))
def test_history_says_what_the_bay_said_at_that_time(
    history: list[tuple[int, str]], second: int
) -> None:
    bay = make_bay(limit_s=600)
    words = {"f": "free", "o": "occupied", "s": "suspect"}
    heard = [seen(s, words[letter]) for s, letter in sorted(history) if s <= second]
    then = assess(bay, fold(None, heard), at(second)).state
    start = floor(at(second), FINEST)
    # Only what was seen up to then, so that the bucket's last moment is this one's state.
    known = past(*((s, letter) for s, letter in sorted(history) if s <= second), limit_s=600)
    (bucket,) = buckets([known], start=start, end=start + FINEST)
    share = {
        BayStatus.FREE: bucket.free_mean,
        BayStatus.OCCUPIED: bucket.occupied_mean,
        BayStatus.UNKNOWN: bucket.unknown_mean,
    }[then]
    assert share > 0

# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.bay import assess
from parking_occupancy.domain.history import (
    FINEST,
    BayPast,
    Bucket,
    Span,
    buckets,
    ended_buckets,
    floor,
    merge,
    steps,
    touched,
)
from parking_occupancy.domain.sensors import fold
from parking_occupancy.domain.sensors_past import Seen
from parking_occupancy.domain.track import Reading, SensorId
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
        ([past((60, "o"))], 0, 0, 0, 1, 0.2, 0.8),
        ([past((-9, "f"), (0, "o"))], 0, 0, 0, 1, 0, 1),
        ([past((-9, "f"), limit_s=159)], 1, 1, 1, 0, 0.5, 0.5),
        ([past((-9, "f"), limit_s=159), past((0, "o"))], 0.5, 0, 1, 1, 0.5, 0.75),
        ([past((-900, "f"), limit_s=600)], None, None, None, None, 1, 0),
        ([past((-9, "s"))], None, None, None, None, 1, 0),
        ([past((0, "f")), past((0, "o"), (75, "f"))], 1.75, 1, 2, 0.25, 0, 1),
        ([past((-9, "f"), (100, "o"), (100, "f"))], 1, 1, 1, 0, 0, 1),
        ([], None, None, None, None, 0, 0),
    ],
)
def test_means_are_weighted_by_time(  # noqa: PLR0917
    bays: list[BayPast],
    free: float | None,
    low: int | None,
    high: int | None,
    occupied: float | None,
    unknown: float,
    completeness: float,
) -> None:
    (bucket,) = of(bays)
    assert bucket.start == at(0)
    assert (bucket.free_min, bucket.free_max) == (low, high)
    measured = (bucket.free_mean, bucket.occupied_mean, bucket.unknown_mean, bucket.completeness)
    assert measured == pytest.approx((free, occupied, unknown, completeness))


def test_places_without_a_sensor_are_unknown_all_along() -> None:
    (bucket,) = buckets([past((0, "f"))], start=at(0), end=at(300), without_sensor=3)
    assert (bucket.free_mean, bucket.unknown_mean, bucket.completeness) == (1, 3, 0.25)
    assert bucket.known_share == 1
    (silent,) = buckets([past()], start=at(0), end=at(300), without_sensor=3)
    assert (silent.free_mean, silent.unknown_mean, silent.completeness) == (None, 4, 0)


def test_reserve_is_never_shown_as_free() -> None:
    (bucket,) = of([past((0, "f")), past((0, "f")), past((0, "o"), (150, "f"))], reserve=2)
    assert (bucket.free_mean, bucket.free_min, bucket.free_max) == (0.5, 0, 1)


def test_a_state_reaches_over_buckets_until_the_limit() -> None:
    found = of([past((10, "o"), limit_s=600)], 900)
    assert [bucket.start for bucket in found] == [at(0), at(300), at(600)]
    assert [round(bucket.known_share * 300) for bucket in found] == [290, 300, 10]
    assert [bucket.occupied_mean for bucket in found] == [1, 1, 1]


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
        if bucket.free_mean is None or bucket.occupied_mean is None:
            assert (bucket.completeness, bucket.known_share) == (0, 0)
            assert bucket.unknown_mean == pytest.approx(len(bays))
            continue
        known = (bucket.free_mean + bucket.occupied_mean) * bucket.known_share
        assert known + bucket.unknown_mean == pytest.approx(len(bays))
        assert bucket.completeness == pytest.approx(known / len(bays))
        assert bucket.free_min is not None
        assert bucket.free_max is not None
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
    known_s = sum(part.known_share for part in whole)
    if known_s:
        free = sum((part.free_mean or 0) * part.known_share for part in whole) / known_s
        assert merged.free_mean == pytest.approx(free)
    else:
        assert merged.free_mean is None


@given(
    st.lists(
        st.tuples(st.integers(0, 1799), st.integers(0, 900), st.sampled_from("fos")),
        max_size=14,
        unique_by=lambda one: one[0],
    ),
    st.sampled_from([120, 600]),
)
def test_counting_only_what_each_observation_touches_ends_as_counting_everything(
    said: list[tuple[int, int, str]], limit_s: int
) -> None:
    """Observations come late by up to 15 minutes; time closes behind the newest arrival."""
    stored: dict[datetime, Bucket] = {}
    known: list[tuple[float, str]] = []
    limit, closed = timedelta(seconds=limit_s), at(0)
    arrivals = sorted((second + late, second, letter) for second, late, letter in said)
    for arrives, second, letter in [*arrivals, (3000, None, "")]:
        ending = [Span(closed, floor(at(arrives), FINEST))]
        if second is not None:
            known.append((second, letter))
            ending.append(touched(at(second), limit, at(arrives)))
        closed = max(closed, floor(at(arrives), FINEST))
        bay = past(*sorted(known), limit_s=limit_s)
        for start in ended_buckets(ending, closed):
            (stored[start],) = buckets([bay], start=start, end=start + FINEST, without_sensor=1)
    whole = buckets(
        [past(*sorted(known), limit_s=limit_s)], start=at(0), end=closed, without_sensor=1
    )
    assert [stored[bucket.start] for bucket in whole] == whole


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
        BayStatus.FREE: bucket.free_mean or 0.0,
        BayStatus.OCCUPIED: bucket.occupied_mean or 0.0,
        BayStatus.UNKNOWN: bucket.unknown_mean,
    }[then]
    assert share > 0


SENSORS = {"m": "magnet", "c": "camera", "r": "radar", "-": ""}
together = st.lists(
    st.tuples(st.integers(0, 1799), st.sampled_from("fos"), st.sampled_from("mcr-")),
    max_size=14,
    unique_by=lambda said: said[0],
).map(sorted)


def past_together(said: Sequence[tuple[int, str, str]], limit_s: float = 3600) -> BayPast:
    return BayPast(
        timedelta(seconds=limit_s),
        [Seen(at(s), READINGS[letter], SensorId(SENSORS[name])) for s, letter, name in said],
        timedelta(seconds=60),
    )


@given(together, st.integers(0, 1799))
def test_history_says_what_all_sensors_of_the_bay_said_together(
    said: list[tuple[int, str, str]], second: int
) -> None:
    bay = replace(make_bay(limit_s=3600), grace=timedelta(seconds=60))
    known = [each for each in said if each[0] <= second]
    heard = [
        seen(s, READINGS[letter].value, sensor=SENSORS[name], event=f"{s:04}")
        for s, letter, name in known
    ]
    then = assess(bay, fold(None, heard, heard), at(second)).state
    told = list(steps(past_together(known), at(-1), at(second + 1)))
    assert (BayStatus.FREE, BayStatus.OCCUPIED, BayStatus.UNKNOWN)[told[-1].after] is then


@given(together, st.integers(1, 2900), st.integers(120, 600))
def test_past_of_several_sensors_is_the_same_from_twice_the_limit_before_on(
    said: list[tuple[int, str, str]], second: int, limit_s: int
) -> None:
    whole = past_together(said, limit_s)
    known = [each for each in said if each[0] > second - 2 * limit_s]
    part = past_together(known, limit_s)
    begin, end = at(second), at(3000)
    if len({name for _, _, name in known}) > 1:
        assert list(steps(part, begin, end)) == list(steps(whole, begin, end))

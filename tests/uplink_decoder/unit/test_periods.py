# SPDX-License-Identifier: EUPL-1.2
"""What a device watched when: no two assets at one time, no time lost or moved unasked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.domain.periods import (
    ALWAYS,
    History,
    NotInOrderError,
    OverlapError,
    Period,
    add,
    at,
    end,
    move,
    resume,
    rewritten,
)
from uplink_decoder.domain.readings import Asset

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BAY, OTHER = Asset("bay", "lot-07"), Asset("bay", "lot-08")


def hours(number: float) -> datetime:
    return NOON + timedelta(hours=number)


def test_first_period_reaches_back_and_the_next_begins_now() -> None:
    first = move((), BAY, NOON)
    second = move(first, OTHER, hours(1))
    assert first == (Period(BAY, ALWAYS),)
    assert second == (Period(OTHER, hours(1)), Period(BAY, ALWAYS, hours(1)))
    assert move(second, OTHER, hours(2)) is second
    assert move(second, None, hours(2)) == (
        Period(OTHER, hours(1), hours(2)),
        Period(BAY, ALWAYS, hours(1)),
    )


def test_device_moved_twice_in_one_instant_has_no_empty_period() -> None:
    history = move(move(move((), BAY, NOON), OTHER, NOON), BAY, NOON)
    assert history == (Period(BAY, NOON), Period(BAY, ALWAYS, NOON))


def test_overlap_is_refused_and_names_what_is_in_the_way() -> None:
    history = add((), Period(BAY, NOON, hours(2)))
    with pytest.raises(OverlapError, match="bay/lot-07 from 2026-11-20T12"):
        add(history, Period(OTHER, hours(1)))
    assert add(history, Period(OTHER, hours(2)))[0].asset == OTHER
    with pytest.raises(NotInOrderError):
        add(history, Period(OTHER, hours(3), hours(3)))


def test_planned_period_is_in_the_way_of_an_open_one() -> None:
    history = add((), Period(OTHER, hours(5)))
    with pytest.raises(OverlapError):
        move(history, BAY, NOON)


def test_retired_device_resumes_what_it_watched() -> None:
    history = move((), BAY, NOON)
    retired = end(history, hours(1))
    assert at(retired, hours(1)) is None
    assert resume(retired, hours(1)) == history


def test_only_the_past_in_which_the_asset_was_another_is_rewritten() -> None:
    before = (Period(BAY, hours(-5)),)
    assert rewritten(before, end(before, NOON), NOON) is None
    assert rewritten(before, end(before, hours(-2)), NOON) == (hours(-2), NOON)
    assert rewritten((), before, NOON) is None
    swapped = (Period(OTHER, hours(-2)), Period(BAY, hours(-5), hours(-2)))
    assert rewritten(before, swapped, NOON) == (hours(-2), NOON)
    longer = (Period(BAY, hours(-9)),)
    assert rewritten(before, longer, NOON) is None
    gap = (Period(BAY, hours(-1)), Period(BAY, hours(-5), hours(-4)))
    assert rewritten(before, gap, NOON) == (hours(-4), hours(-1))


OFFSETS = st.integers(-50, 50)
PERIODS = st.builds(
    lambda asset, begin, length: Period(
        Asset("bay", asset), hours(begin), hours(begin + length) if length else None
    ),
    st.sampled_from("ab"),
    OFFSETS,
    st.integers(0, 20),
)


@given(st.lists(PERIODS, max_size=8), st.sampled_from([None, BAY, OTHER]), OFFSETS)
def test_no_two_periods_of_a_device_ever_hold_at_one_time(
    wanted: list[Period], asset: Asset | None, now: int
) -> None:
    history: History = ()
    for period in wanted:
        try:
            history = add(history, period)
        except OverlapError:
            continue
    try:
        history = move(history, asset, hours(now))
    except OverlapError:
        pass
    else:
        found = at(history, hours(now))
        assert (found.asset if found else None) == asset
    for time in range(-60, 80):
        assert sum(each.holds(hours(time)) for each in history) <= 1


@given(st.lists(PERIODS, max_size=6), st.lists(PERIODS, max_size=6))
def test_times_outside_of_what_is_rewritten_kept_their_asset(
    first: list[Period], second: list[Period]
) -> None:
    histories: list[History] = []
    for wanted in (first, second):
        history: History = ()
        for period in wanted:
            try:
                history = add(history, period)
            except OverlapError:
                continue
        histories.append(history)
    before, after = histories
    span = rewritten(before, after, NOON)
    for time in range(-60, 0):
        old, new = at(before, hours(time)), at(after, hours(time))
        if old and (new is None or new.asset != old.asset):
            assert span is not None
            assert span[0] <= hours(time) < span[1]

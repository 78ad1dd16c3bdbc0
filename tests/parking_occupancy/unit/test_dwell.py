# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.dwell import BINS_MIN, Lasted, dwell, per_bay_and_day


def test_quantiles_of_ended_stays_are_those_of_the_sample() -> None:
    found = dwell([Lasted(minutes, ended=True, stays=1) for minutes in (10, 20, 30, 40)])
    assert (found.p25, found.median, found.p75, found.p90) == (10, 20, 30, 40)
    assert (found.ended, found.censored) == (4, 0)


def test_stays_lost_from_sight_count_as_long_as_they_were_seen() -> None:
    # The example of Kaplan and Meier, in tenths of months: survival 0.875, 0.7, 0.525, 0.2625.
    ended = [Lasted(minutes, ended=True, stays=1) for minutes in (8, 31, 54, 92)]
    lost = [Lasted(minutes, ended=False, stays=1) for minutes in (10, 27, 70, 121)]
    found = dwell([*ended, *lost])
    assert (found.p25, found.median, found.p90) == (31, 92, None)
    shares = {each.from_min: each.share for each in found.bins}
    assert (shares[5], shares[30], shares[60]) == (0.125, 0.35, 0.2625)


def test_nothing_has_no_distribution() -> None:
    found = dwell([])
    assert (found.ended, found.median) == (0, None)
    assert {each.share for each in found.bins} == {0}


@given(
    st.lists(st.builds(Lasted, st.integers(0, 3000), st.booleans(), st.integers(1, 9)), max_size=40)
)
def test_bins_hold_every_ended_stay_once_and_no_more_than_everything(lasted: list[Lasted]) -> None:
    found = dwell(lasted)
    assert sum(each.stays for each in found.bins) == found.ended
    assert [each.from_min for each in found.bins] == list(BINS_MIN)
    assert sum(each.share for each in found.bins) <= 1 + 1e-3
    assert all(0 <= each.share <= 1 for each in found.bins)
    if not found.censored and found.ended:
        assert sum(each.share for each in found.bins) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("known_s", "elapsed_s", "told"),
    [
        (2 * 43_200.0, 86_400.0, 7.0),
        (2 * 3600.0, 86_400.0, 84.0),
        (2 * 3599.0, 86_400.0, None),
        (2 * 450.0, 900.0, 672.0),
        (2 * 449.0, 900.0, None),
        (0.0, 0.0, None),
    ],
)
def test_minutes_are_not_made_a_day(known_s: float, elapsed_s: float, told: float | None) -> None:
    assert per_bay_and_day(7, known_s=known_s, bays=2, elapsed_s=elapsed_s) == told

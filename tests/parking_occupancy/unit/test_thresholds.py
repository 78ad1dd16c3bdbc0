# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.thresholds import Thresholds, default_thresholds, level
from stadttakt_messages.states import SiteStatus

FREE, ALMOST, FULL = SiteStatus.FREE, SiteStatus.ALMOST_FULL, SiteStatus.FULL


@pytest.mark.parametrize(
    ("capacity", "full_at", "full_left_at", "almost_full_at", "almost_full_left_at"),
    [
        pytest.param(1, 0, 1, 0, 1, id="below 20: full at 0, left at 1"),
        pytest.param(19, 0, 1, 1, 2, id="19: almost full at 10 %, left at one more"),
        pytest.param(20, 1, 3, 2, 3, id="20: full at 1, left at 1 + 2"),
        pytest.param(48, 1, 3, 4, 5, id="48: 2 % is below one place"),
        pytest.param(100, 2, 4, 10, 12, id="100: 2 % and 2 places are the same"),
        pytest.param(120, 2, 5, 12, 15, id="120: 2.4 and 4.8 in whole places"),
        pytest.param(1000, 20, 40, 100, 120, id="1000: percents rule"),
    ],
)
def test_rule_2_default_thresholds(
    capacity: int, full_at: int, full_left_at: int, almost_full_at: int, almost_full_left_at: int
) -> None:
    assert default_thresholds(capacity) == Thresholds(
        full_at, full_left_at, almost_full_at, almost_full_left_at
    )


@pytest.mark.parametrize(
    ("vacant", "previous", "expected"),
    [
        (11, None, FREE),
        (10, None, ALMOST),
        (2, None, FULL),
        (3, None, ALMOST),
        (3, FULL, FULL),
        (4, FULL, ALMOST),
        (11, ALMOST, ALMOST),
        (12, ALMOST, FREE),
        (11, FREE, FREE),
        (12, FULL, FREE),
        (2, FREE, FULL),
    ],
)
def test_rule_2_hysteresis_of_a_site_with_100_places(
    vacant: int, previous: SiteStatus | None, expected: SiteStatus
) -> None:
    assert level(default_thresholds(100), vacant, previous) is expected


@pytest.mark.parametrize("values", [(-1, 1, 2, 3), (2, 2, 4, 5), (2, 4, 1, 5), (2, 4, 6, 6)])
def test_thresholds_between_which_nothing_settles_are_refused(
    values: tuple[int, int, int, int],
) -> None:
    with pytest.raises(ValueError, match="full_"):
        Thresholds(*values)


@given(st.integers(20, 5000), st.data())
def test_one_car_to_and_fro_leaves_full_at_most_once(capacity: int, data: st.DataObject) -> None:
    thresholds = default_thresholds(capacity)
    vacant = data.draw(st.integers(0, capacity - 1))
    shown = [data.draw(st.sampled_from([FREE, ALMOST, FULL]))]
    for step in range(6):
        shown.append(level(thresholds, vacant + step % 2, shown[-1]))
    fullness = [each is FULL for each in shown[1:]]
    assert sum(one != other for one, other in pairwise(fullness)) <= 1


@given(st.integers(0, 5000), st.data())
def test_a_level_stays_while_the_count_stays(capacity: int, data: st.DataObject) -> None:
    vacant = data.draw(st.integers(0, capacity))
    before = data.draw(st.sampled_from([FREE, ALMOST, FULL]))
    first = level(default_thresholds(capacity), vacant, before)
    assert level(default_thresholds(capacity), vacant, first) is first

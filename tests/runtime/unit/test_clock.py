# SPDX-License-Identifier: EUPL-1.2
"""A wall clock that is set back is noticed once; one that is slewed or set forward is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stadttakt_runtime.clock import ClockWatch, utc_now


@pytest.mark.parametrize(
    ("moved_s", "noticed"),
    [(-7500.0, True), (-1.5, True), (-0.5, False), (0.0, False), (400.0, False)],
)
def test_clock_set_back_is_noticed_once(moved_s: float, *, noticed: bool) -> None:
    watch, began = ClockWatch(), utc_now()
    watch.was_set_back(began, 100.0)
    after = began + timedelta(seconds=10 + moved_s)
    assert watch.was_set_back(after, 110.0) is noticed
    assert not watch.was_set_back(after + timedelta(seconds=5), 115.0)


def test_forward_and_back_again_is_noticed_at_the_way_back() -> None:
    watch, began = ClockWatch(), utc_now()
    watch.was_set_back(began, 0.0)
    assert not watch.was_set_back(began + timedelta(hours=2), 1.0)
    assert watch.was_set_back(began + timedelta(seconds=2), 2.0)


def test_slewing_is_never_noticed() -> None:
    watch, began = ClockWatch(), utc_now()
    found = [
        watch.was_set_back(began + timedelta(seconds=0.9995 * n), float(n)) for n in range(1, 9000)
    ]
    assert found[1:] == [False] * 8998

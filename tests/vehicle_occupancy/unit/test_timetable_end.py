# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import date, timedelta

import pytest

from vehicle_occupancy.domain.timetable_end import Span, end_of, told_of_end

TODAY = date(2026, 11, 27)


def on(days: int) -> date:
    return TODAY + timedelta(days=days)


def spans(*between: tuple[int, int]) -> list[Span]:
    return [(on(first), on(last)) for first, last in between]


@pytest.mark.parametrize(
    ("between", "end"),
    [
        ([], None),
        ([(1, 30)], None),
        ([(-30, 20)], 20),
        ([(-30, -1)], -1),
        ([(-30, 0)], 0),
        ([(21, 90), (-30, 20)], 90),
        ([(22, 90), (-30, 20)], 20),
        ([(-30, -5), (3, 90)], -5),
        ([(-90, -50), (-30, 20)], 20),
        ([(-30, 40), (5, 10)], 40),
    ],
)
def test_end_is_the_last_day_without_a_gap(between: list[tuple[int, int]], end: int | None) -> None:
    assert end_of(spans(*between), TODAY) == (None if end is None else on(end))


@pytest.mark.parametrize(
    ("between", "day", "said"),
    [
        ([], 0, "gibt keinen Fahrplan, darum"),
        ([(-30, 20)], 0, None),
        ([(-30, 7)], 0, None),
        ([(-30, 6)], 0, "gilt nur bis 03.12.2026"),
        ([(-30, 0)], 0, "gilt nur bis 27.11.2026"),
        ([(-30, 0)], 1, "keinen Fahrplan, darum keine Prognose; er galt bis 27.11.2026"),
        ([(-30, -1)], 0, "Für diesen Tag gibt es keinen Fahrplan"),
        ([(-30, -1)], -1, None),
        ([(-30, -1), (1, 90)], 0, "Für diesen Tag gibt es keinen Fahrplan"),
        ([(-30, -1), (1, 90)], 1, None),
        ([(1, 90)], 1, None),
    ],
)
def test_who_looks_at_a_day_is_told_of_the_end(
    between: list[tuple[int, int]], day: int, said: str | None
) -> None:
    told = told_of_end(spans(*between), on(day), TODAY, runs=True)
    if said is None:
        assert told is None
    else:
        assert told is not None
        assert said in told[0]


@pytest.mark.parametrize(
    ("end", "said"), [(3, "fährt laut Fahrplan nichts"), (1, "gibt es keinen Fahrplan")]
)
def test_of_a_day_on_which_nothing_runs_that_is_told(end: int, said: str) -> None:
    told = told_of_end(spans((-30, end)), on(2), TODAY, runs=False)
    assert told is not None
    assert said in told[0]

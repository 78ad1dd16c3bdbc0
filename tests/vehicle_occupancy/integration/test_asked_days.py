# SPDX-License-Identifier: EUPL-1.2
"""Service days at the ends of the calendar are refused; their neighbours are days without anything."""

from __future__ import annotations

import pytest

from .desk import Desk

ADVICE, SHEET, TRIP = "/v1/peaks/advice", "/v1/peaks/day-sheet", "/v1/trips/out-600/occupancy"


@pytest.mark.parametrize("path", [ADVICE, SHEET, TRIP])
@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("0001-01-01", 422),
        ("1969-12-31", 422),
        ("1970-01-01", 200),
        ("2199-12-31", 200),
        ("9999-12-31", 422),
    ],
)
async def test_days_that_no_timetable_may_have_are_refused_in_words(
    desk: Desk, path: str, day: str, status: int
) -> None:
    query = {"start_date": day.replace("-", "")} if path == TRIP else {"date": day}
    answer = await desk.client.get(path, params=query, headers=desk.reader)
    if status == 200:
        assert answer.status_code == (404 if path == TRIP else 200)
    else:
        assert answer.status_code == status
        (error,) = answer.json()["errors"]
        assert "from 1970-01-01 to 2199-12-31" in error["detail"]

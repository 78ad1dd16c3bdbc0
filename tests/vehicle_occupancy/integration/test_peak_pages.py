# SPDX-License-Identifier: EUPL-1.2
"""Peaks, advice, forecasts and scores in pages: full ones, all there is, and 304 where nothing changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from stadttakt_runtime.clock import utc_now
from support.counted_town import BEGINS, LIMIT, LINE
from vehicle_occupancy.domain.forecast.scoring import Score
from vehicle_occupancy.domain.forecast.telling import Horizon, Source
from vehicle_occupancy.domain.peaks.peak import Peak
from vehicle_occupancy.storage import forecast_scores, peaks

from .desk import Desk

WORSE = Score(500, 9.0, 12.0, 8.0, 0.8, 20, 0.7, 0.6, 0.7, 0.3)


def a_peak(desk: Desk, number: int, *, line: str, expected: float) -> Peak:
    day = desk.today.day + timedelta(days=1)
    return Peak(
        day, f"more-{number}", line, 0, 0, 1, 1, "a", "c", 60 * (600 + number),
        expected, expected - 9, expected + 9, LIMIT, 150, 0.5, 9, simulated=False,
    )  # fmt: skip


async def store(desk: Desk, found: list[Peak]) -> None:
    origin = desk.today.next().origin
    await desk.database.persist(lambda c: peaks.add(c, found, origin=origin, now=utc_now()))


async def pages(desk: Desk, path: str, **query: Any) -> list[list[dict[str, Any]]]:
    """Go through all pages of a list."""
    found, cursor = [], None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = await desk.get(path, **query, **more)
        found.append(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def tomorrow(desk: Desk) -> dict[str, str]:
    return {"from": desk.at(0, days=1).isoformat(), "to": desk.at(1500, days=1).isoformat()}


async def test_pages_of_one_level_are_full_and_leave_out_nothing(desk: Desk) -> None:
    expected = [LIMIT + 5, LIMIT - 5, LIMIT - 6, LIMIT - 7, LIMIT, LIMIT + 9, LIMIT + 1]
    await store(desk, [a_peak(desk, n, line="8", expected=each) for n, each in enumerate(expected)])
    for level, numbers in (("high", [[0, 5], [6]]), ("medium", [[1, 2], [3, 4]])):
        found = await pages(desk, "/v1/peaks", **tomorrow(desk), level=level, limit=2)
        assert [[each["trip_id"] for each in page] for page in found] == [
            [f"more-{number}" for number in page] for page in numbers
        ]
        assert {each["level"] for page in found for each in page} == {level}


async def test_pages_are_full_though_some_lines_are_withheld(desk: Desk) -> None:
    lines = ["8", LINE, LINE, LINE, "8", LINE, "8"]
    await store(desk, [a_peak(desk, n, line=each, expected=99) for n, each in enumerate(lines)])
    day = desk.today.day - timedelta(days=1)
    # those above were expected by live forecasts
    scores = {(LINE, 0, Horizon.LIVE): WORSE, ("8", 0, Horizon.DAY_AHEAD): replace(WORSE, mae=7)}
    await desk.database.persist(lambda c: forecast_scores.store(c, day, scores, Source.SCORED))
    found = await pages(desk, "/v1/peaks", **tomorrow(desk), limit=2)
    assert [[each["trip_id"] for each in page] for page in found] == [
        ["more-0", "more-4"],
        ["more-6"],
    ]


async def test_advice_comes_in_pages_of_peaks_that_are_expected(issued: Desk) -> None:
    day = issued.today.day + timedelta(days=1)
    (real,) = await peaks_of(issued)
    # its trip is not that full: what was expected of it no longer is
    improbable = replace(real, trip_id="out-600", at_s=real.at_s + 60)
    twin = replace(real, first=real.first - 1, at_s=real.at_s + 120)
    await store(issued, [improbable, twin])
    found = await pages(issued, "/v1/peaks/advice", date=day.isoformat(), limit=1)
    assert [[each["peak_id"] for each in page] for page in found] == [
        [real.peak_id],
        [twin.peak_id],
    ]
    assert all(page[0]["options"] for page in found)


async def peaks_of(desk: Desk) -> list[Peak]:
    day = desk.today.day + timedelta(days=1)
    async with desk.database.connection() as connection:
        return [each.peak for each in await peaks.of_day(connection, day)]


async def test_forecasts_come_in_pages_in_the_order_of_departures(issued: Desk) -> None:
    for key in (True, False):
        found = await pages(
            issued, "/v1/forecast", key=key, line=LINE, **tomorrow(issued), limit=50
        )
        assert [len(page) for page in found] == [50, 50, len(BEGINS) - 100]
        assert [each["trip_id"] for page in found for each in page] == [
            f"out-{begin}" for begin in BEGINS
        ]


async def test_scores_come_in_pages_in_order(desk: Desk) -> None:
    scores = {
        (line, way, horizon): WORSE
        for line in ("8", "7") for way in (1, 0) for horizon in (Horizon.LIVE, Horizon.DAY_AHEAD)
    }  # fmt: skip
    days = [desk.today.day - timedelta(days=ago) for ago in (2, 1)]
    for day in days:
        await desk.database.persist(
            lambda c, day=day: forecast_scores.store(c, day, scores, Source.SCORED)
        )
    found = await pages(desk, "/v1/forecast/scores", limit=5)
    assert [len(page) for page in found] == [5, 5, 5, 1]
    told = [
        (each["day"], each["line"], each["direction"], each["horizon"])
        for page in found
        for each in page
    ]
    assert told == sorted((day.isoformat(), *key) for day in days for key in scores)
    of_line = await pages(desk, "/v1/forecast/scores", line="8", limit=4)
    assert [len(page) for page in of_line] == [4, 4]
    assert {each["line"] for page in of_line for each in page} == {"8"}


@pytest.mark.parametrize(
    "path", ["/v1/peaks", "/v1/peaks/advice", "/v1/forecast", "/v1/forecast/scores"]
)
async def test_what_has_not_changed_is_not_sent_again(issued: Desk, path: str) -> None:
    day = (issued.today.day + timedelta(days=1)).isoformat()
    query = {
        "/v1/peaks": tomorrow(issued),
        "/v1/peaks/advice": {"date": day},
        "/v1/forecast": {"line": LINE, **tomorrow(issued)},
    }.get(path, {})
    first = await issued.client.get(path, params=query, headers=issued.reader)
    assert first.json()["items"]
    held = {**issued.reader, "If-None-Match": first.headers["etag"]}
    again = await issued.client.get(path, params=query, headers=held)
    assert (again.status_code, again.content) == (304, b"")
    wrong = await issued.client.get(path, params={**query, "cursor": "x"}, headers=issued.reader)
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "invalid_cursor")

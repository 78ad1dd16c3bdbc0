# SPDX-License-Identifier: EUPL-1.2
"""Levels of departures stand beside the time that the timetable names, on days of any length."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from support.counted_town import visit_rows
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.storage import visits

from .desk import Desk

BEGIN, BERLIN = 450, ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("day", [date(2026, 10, 24), date(2026, 10, 25), date(2027, 3, 28)])
async def test_the_planned_time_of_a_departure_is_that_of_its_timetable(
    desk: Desk, day: date
) -> None:
    await seen(desk, day)
    found = await planned(desk)
    assert [row["start_date"] for row in found] == 2 * [f"{day:%Y%m%d}"]
    assert [row["planned_departure"] for row in found] == [
        ServiceDay(day, BERLIN).at(60 * (BEGIN + 4 * index)) for index in (0, 1)
    ]
    assert "departed_at" not in found[0]


async def test_where_the_timetable_was_forgotten_the_hour_has_to_do(desk: Desk) -> None:
    await seen(desk, date(2026, 10, 24))
    await run(desk, "delete from transit.timetable_version")
    hour = ServiceDay(date(2026, 10, 24), UTC).at(5 * 3600)
    assert [row["planned_departure"] for row in await planned(desk)] == [hour, hour]


async def seen(desk: Desk, day: date) -> None:
    """A tram left two stops, twenty seconds late, and was told of."""
    rows = visit_rows(ServiceDay(day, BERLIN), BEGIN, [("tram-1", 0, 12), ("tram-1", 1, 20)])
    await desk.database.persist(lambda c: visits.insert(c, rows))
    await run(
        desk,
        "update transit.stop_visit set is_told = true,"
        " version_id = (select max(version_id) from transit.timetable_version)",
    )


async def run(desk: Desk, statement: str) -> None:
    await desk.database.persist(lambda c: c.execute(statement))


async def planned(desk: Desk) -> list[Any]:
    async with desk.database.connection() as connection:
        return list(
            await connection.fetch("select * from transit.v1_departure_level order by call")
        )

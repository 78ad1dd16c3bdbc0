# SPDX-License-Identifier: EUPL-1.2
"""The end of a timetable is told in time, and nobody says "no peak" without one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from support.asking import mint_key
from vehicle_occupancy import metrics

from .desk import Desk
from .harness import World


async def ends_on(desk: Desk, day: date) -> None:
    await desk.database.persist(
        lambda c: c.execute("update timetable_version set valid_to = $1", day)
    )


async def told(desk: Desk) -> list[tuple[str, str, bool]]:
    found = (await desk.get("/v1/alerts"))["items"]
    return [
        (each["severity"], each["text"]["de"], each["cleared_at"] is None)
        for each in found
        if each["kind"] == "timetable-ends"
    ]


async def sheet(desk: Desk, days: int) -> str:
    day = desk.today.day + timedelta(days=days)
    path = f"/v1/peaks/day-sheet?date={day.isoformat()}"
    return (await desk.client.get(path, headers=desk.reader)).text


def left() -> Any:
    return metrics.TIMETABLE_DAYS_LEFT._value.get()


async def test_end_is_told_seven_days_before_and_again_once_it_is_over(issued: Desk) -> None:
    assert await told(issued) == []
    until = issued.today.day + timedelta(days=6)
    await ends_on(issued, until)
    await issued.forecaster.work(issued.at(300))
    ((severity, text, is_open),) = await told(issued)
    assert (severity, is_open, left()) == ("warning", True, 6)
    assert f"{until:%d.%m.%Y}" in text
    assert (await issued.get("/v1/peaks"))["timetable_until"] == until.isoformat()
    await issued.forecaster.work(issued.at(300, days=7))
    ((severity, text, is_open),) = await told(issued)
    assert (severity, is_open, left()) == ("critical", True, -1)
    assert "ohne den nächsten gibt es keine Prognosen" in text
    assert metrics.FORECAST_TRIPS._value.get() == 0
    await ends_on(issued, issued.today.day + timedelta(days=90))
    await issued.forecaster.work(issued.at(310, days=7))
    assert [is_open for *_, is_open in await told(issued)] == [False]


async def test_nothing_is_issued_without_a_timetable_and_the_age_of_forecasts_says_so(
    issued: Desk,
) -> None:
    before = metrics.FORECAST_ISSUED._value.get()
    assert before > 0
    await ends_on(issued, issued.today.day)
    await issued.forecaster.work(issued.at(240, days=1))
    assert metrics.FORECAST_ISSUED._value.get() == before


async def test_pages_of_a_day_without_a_timetable_do_not_say_that_no_peak_is_expected(
    issued: Desk, world: World
) -> None:
    await ends_on(issued, issued.today.day + timedelta(days=1))
    assert "Der Fahrplan gilt nur bis" in await sheet(issued, 1)
    key = await mint_key(world.database_url, "transit:read")
    await issued.client.post("/leitstelle/anmelden", data={"key": key})
    day = (issued.today.day + timedelta(days=2)).isoformat()
    desk = (await issued.client.get(f"/leitstelle?tag={day}")).text
    for page in (await sheet(issued, 2), desk):
        assert "Für diesen Tag gibt es keinen Fahrplan" in page
        assert "Spitze erwartet" not in page


async def test_without_any_timetable_the_list_says_so(desk: Desk) -> None:
    await desk.database.persist(lambda c: c.execute("delete from timetable_version"))
    assert (await desk.get("/v1/peaks"))["timetable_until"] is None
    await desk.forecaster.work(desk.at(240))
    assert await told(desk) == []
    assert "Es gibt keinen Fahrplan" in await sheet(desk, 0)

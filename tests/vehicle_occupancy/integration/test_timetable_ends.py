# SPDX-License-Identifier: EUPL-1.2
"""The end of a timetable is told in time, and nobody says "no peak" without one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from support.asking import mint_key
from vehicle_occupancy import metrics
from vehicle_occupancy.storage import timetable_versions

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


async def test_pages_of_a_day_on_which_nothing_runs_say_so(issued: Desk, world: World) -> None:
    day = issued.today.day + timedelta(days=1)
    assert "Fahrplan nichts" not in await sheet(issued, 1)
    await issued.database.persist(
        lambda c: c.execute("delete from timetable_day where day = $1", day)
    )
    await issued.forecaster.work(issued.at(301))
    await issued.database.persist(lambda c: c.execute("delete from peak where day = $1", day))
    key = await mint_key(world.database_url, "transit:read")
    await issued.client.post("/leitstelle/anmelden", data={"key": key})
    desk = (await issued.client.get(f"/leitstelle?tag={day.isoformat()}")).text
    for page in (await sheet(issued, 1), desk):
        assert "An diesem Tag fährt laut Fahrplan nichts" in page
        assert "Spitze erwartet" not in page


async def test_a_simulated_timetable_is_none_where_there_is_a_real_one(desk: Desk) -> None:
    until, later = (desk.today.day + timedelta(days=days) for days in (20, 200))
    await ends_on(desk, until)
    made_up = (
        "insert into timetable_version (fingerprint, name, publisher, timezone, valid_from, valid_to,"
        " imported_at, activated_at, summary, simulated) select 'made up', name, publisher, timezone,"
        " valid_from, $1, imported_at, activated_at + interval '1 hour', summary, true"
        " from timetable_version"
    )
    await desk.database.persist(lambda c: c.execute(made_up, later))
    assert (await desk.get("/v1/peaks"))["timetable_until"] == until.isoformat()
    async with desk.database.connection() as connection:
        known = await timetable_versions.versions(connection)
        for day, simulated in ((desk.today.day, False), (later, None)):
            found = await timetable_versions.holding(connection, day)
            again = timetable_versions.holds(known, day)
            assert (found and found["simulated"], again and again.simulated) == (simulated,) * 2
    retire = "update timetable_version set activated_at = null where not simulated"
    await desk.database.persist(lambda c: c.execute(retire))
    assert (await desk.get("/v1/peaks"))["timetable_until"] == later.isoformat()


async def test_without_any_timetable_the_list_says_so(desk: Desk) -> None:
    await desk.database.persist(lambda c: c.execute("delete from timetable_version"))
    assert (await desk.get("/v1/peaks"))["timetable_until"] is None
    await desk.forecaster.work(desk.at(240))
    assert await told(desk) == []
    assert "Es gibt keinen Fahrplan" in await sheet(desk, 0)

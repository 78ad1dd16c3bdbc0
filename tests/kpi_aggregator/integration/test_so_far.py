# SPDX-License-Identifier: EUPL-1.2
"""What was entered before its period ended is no value of the whole period until it is confirmed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from kpi_aggregator.domain.outcome import Reason
from kpi_aggregator.domain.scorecard import Trend
from kpi_aggregator.pages.template_file import open_by_title
from kpi_aggregator.standings import Horizon, Stood, read_standings
from kpi_aggregator.storage import events, framework
from kpi_aggregator.storage.values import StoredValue
from support.report_world import ReportWorld, at, entry, report_world

Q2, Q3 = date(2026, 4, 1), date(2026, 7, 1)
SO_FAR = entry(Q3, 12, date(2026, 8, 19))
DAY = "2026-10-10"
TO_CONFIRM = "3. Quartal 2026 (Zwischenstand, zu bestätigen)"


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[ReportWorld]:
    async with report_world(database_url, tmp_path) as world:
        await world.enter(entry(Q2, 40, date(2026, 6, 30)), at(7, 3))
        await world.enter(SO_FAR, at(8, 20))
        yield world


async def stands(world: ReportWorld, now: datetime) -> Stood:
    async with world.database.connection() as connection:
        known = await framework.indicators(connection)
        return (await read_standings(connection, known, Horizon(now, on=now.date())))["paper"]


async def still_open(world: ReportWorld, now: datetime) -> list[str]:
    async with world.database.connection() as connection:
        return dict(await open_by_title(connection, now.date(), "de")).get("paper", [])


async def of_view(world: ReportWorld) -> dict[date, bool]:
    query = "select period_start, provisional from v1_indicator_value where indicator_id = 'paper'"
    async with world.database.connection() as connection:
        return dict(await connection.fetch(query))


async def event_of(world: ReportWorld, stored: StoredValue) -> dict[str, Any]:
    newest = "select body::text from value_event order by number desc limit 1"
    async with world.database.transaction() as connection:
        indicator = await framework.indicator(connection, "paper")
        assert indicator is not None
        await events.of_entered(connection, indicator, stored)
        body: dict[str, Any] = orjson.loads(await connection.fetchval(newest))
    return body


async def test_a_value_so_far_does_not_become_the_periods_value_at_midnight(
    world: ReportWorld,
) -> None:
    stood = await stands(world, at(10, 10))
    now = stood.standing
    assert now.value is not None
    assert now.running is not None
    assert (now.value.period_start, now.value.value, now.trend) == (Q2, 40, None)
    assert (now.running.value, now.running.unconfirmed) == (12, True)
    assert stood.missing is Reason.NOT_CONFIRMED
    assert TO_CONFIRM in await still_open(world, at(10, 10))
    assert await of_view(world) == {Q2: False, Q3: True}


async def test_it_is_confirmed_by_being_entered_again_after_the_end(world: ReportWorld) -> None:
    confirmed = await world.enter(replace(SO_FAR, cause="gilt für das Quartal"), at(10, 9))
    assert (await event_of(world, confirmed))["provisional"] is False
    stood = await stands(world, at(10, 10))
    now = stood.standing
    assert now.value is not None
    assert (now.value.value, now.trend, now.running) == (12, Trend.FALLING, None)
    assert stood.missing is None
    assert TO_CONFIRM not in await still_open(world, at(10, 10))
    assert await of_view(world) == {Q2: False, Q3: False}
    assert (await stands(world, at(10, 8))).missing is Reason.NOT_CONFIRMED, (
        "as it was known before"
    )


@pytest.mark.parametrize(("day", "so_far"), [(30, True), (31, False)])
async def test_a_source_of_before_the_end_tells_no_whole_period(
    world: ReportWorld,
    day: int,
    so_far: bool,  # noqa: FBT001
) -> None:
    first = entry(date(2026, 1, 1), 30, date(2026, 3, 31))
    await world.enter(replace(first, source_date=date(2026, 3, day)), at(5, 4))
    of_first_quarter = (await of_view(world))[date(2026, 1, 1)]
    assert of_first_quarter is so_far


async def test_scorecard_page_and_event_tell_that_it_is_not_confirmed(world: ReportWorld) -> None:
    held = await world.enter(replace(SO_FAR, value=13, cause="neu gezählt"), at(9, 1))
    assert (await event_of(world, held))["provisional"] is True
    card = (await world.http.get(f"/v1/scorecard?as_of={DAY}")).json()["mehrwerte"][0][
        "indicators"
    ][1]
    assert (card["value"]["value"], card["running"]["value"]) == (40, 13)
    assert (card["running"]["unconfirmed"], card["missing"]["code"]) == (True, "not_confirmed")
    assert "3. Quartal 2026: Zwischenstand 13" in (await world.http.get(f"/?stand={DAY}")).text
    page = (await world.http.get("/kennzahl/paper?zeitraum=2026-Q3")).text
    assert "3. Quartal 2026 (Zwischenstand)" in page
    assert "dass er für den ganzen Zeitraum gilt, ist nicht bestätigt" in page
    listed = (await world.http.get("/v1/indicators/paper/values")).json()["items"]
    assert [(each["provisional"], each["unconfirmed"]) for each in listed] == [
        (False, False), (True, True),
    ]  # fmt: skip


async def test_a_report_rates_the_quarter_before_and_says_what_is_missing(
    world: ReportWorld,
) -> None:
    await world.report(at(10, 6))
    line = (await world.told("2026-09"))["paper"]
    assert (line["value"]["period"], line["missing"]) == (
        "2026-Q2", "erfasst, für den ganzen Zeitraum nicht bestätigt: 12,0"
    )  # fmt: skip
    assert [point["period"] for point in line["points"]] == ["2026-Q2"]


async def test_what_was_entered_late_of_an_early_source_is_told_beside_a_running_one(
    world: ReportWorld,
) -> None:
    early = replace(SO_FAR, value=55, source_date=date(2026, 9, 28), cause="Liste der Ämter")
    fresh = replace(early, period_start=date(2026, 1, 1), source_date=date(2026, 3, 19))
    assert (await world.enter(fresh, at(10, 9))).so_far is True
    await world.enter(entry(date(2026, 10, 1), 7, date(2026, 10, 9)), at(10, 9))
    card = (await world.http.get(f"/v1/scorecard?as_of={DAY}")).json()["mehrwerte"][0][
        "indicators"
    ][1]
    assert (card["missing"]["code"], card["running"]["value"]) == ("not_confirmed", 7)
    assert (card["to_confirm"]["name"], card["to_confirm"]["value"]) == ("2026-Q3", 12)
    page = (await world.http.get(f"/?stand={DAY}")).text
    assert "3. Quartal 2026: Zwischenstand 12,0, nicht bestätigt" in page
    assert "4. Quartal 2026 läuft noch, bisher 7" in page
    said = "für die Zeit danach: erfasst, für den ganzen Zeitraum nicht bestätigt."
    assert ">überfällig</span>" in page
    assert said in page


async def test_the_course_of_an_entered_indicator_leaves_out_values_so_far(
    world: ReportWorld,
) -> None:
    await world.enter(entry(date(2026, 10, 1), 7, date(2026, 10, 9)), at(10, 9))
    page = (await world.http.get(f"/kennzahl/paper?stand={DAY}")).text
    course = page.partition('id="course"')[2].partition("</section>")[0]
    assert "1 Werte von 2. Quartal 2026 bis 2. Quartal 2026" in course
    assert "3. Quartal 2026" not in course
    assert "4. Quartal 2026" not in course
    assert "4. Quartal 2026 (läuft noch)" in page

# SPDX-License-Identifier: EUPL-1.2
"""Indicators of passengers: months in whole percent for everybody, all of it for staff."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest
import pytest_asyncio
import yaml

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.run import compute
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import ZONE, indicator, libpq, write_city

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2026, 11, 26, 4, tzinfo=ZoneInfo(ZONE))
COMFORT = {
    "formula": "above", "version": 1, "unit": "%", "aggregation": "ratio",
    "view": "transit.v1_line_comfort", "time": "day", "measure": "above_km", "per": "passenger_km",
    "known": "counted", "expected": "sections", "by": "line",
}  # fmt: skip
LINES = """
insert into transit.line_comfort (day, line, direction, passenger_km, above_km, excess_km, sections,
                                  counted, simulated, place_km)
select day, line, 0, 300, above, 0, 100, 100, false, 1000
  from generate_series('2026-09-01'::date, '2026-11-25', '1 day') as day,
       (values ('1', 36.45), ('2', 0)) as rows (line, above)
"""
EXACT, TOLD = 100 * 36.45 / 600, 6
COARSE = {"fields": ["source"], "least_period": "month", "decimals": 0}
REPORT = {
    "report_id": "all", "title": {"de": "Bericht", "en": "Report"}, "public": True, "version": 1,
    "recipient": {"de": "Ausschuss", "en": "Committee"}, "every": "month", "due_days": 5,
}  # fmt: skip
VALUES, OCTOBER = "/v1/indicators/above/values", "/v1/indicators/above/explanation?period=2026-10"
World = tuple[httpx.AsyncClient, Ask, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    url, folder = shared_database_url, Path(tmp_path_factory.mktemp("city"))
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute(LINES)
    write_city(folder, [COMFORT], [indicator("above", "above", publication=COARSE)])
    (folder / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [REPORT]}))
    await asyncio.to_thread(apply_city, folder, url)
    app = create_app(Settings())
    async with Database.open(url, schema="kpi") as database:
        await compute(database, NOW)
        attach_database(app, database)
        async with in_process(app) as client:
            yield client, asker(client, url), url


async def test_everybody_is_told_whole_percent_of_months_and_nothing_finer(world: World) -> None:
    client, _, _ = world
    for period in ("day", "week"):
        assert (await client.get(f"{VALUES}?period={period}")).json()["items"] == []
    months = (await client.get(VALUES)).json()["items"]
    assert [(each["name"], each["value"]) for each in months] == [("2026-09", 6), ("2026-10", 6)]
    for each in months:
        assert {each[name] for name in ("numerator", "denominator", "lowest", "highest")} == {None}
    found = (await client.get(OCTOBER)).json()
    assert (found["days"], found["parts"], found["value"]["value"]) == ([], [], TOLD)
    assert [(each["value"], each["days"]) for each in found["causes"]] == [(TOLD, [])]
    for period in ("2026-10-05", "2026-W41", "2026-11"):
        text = (await client.get(OCTOBER.replace("2026-10", period))).json()
        assert (text["value"], text["days"], text["parts"], text["causes"]) == (None, [], [], [])


async def test_staff_are_told_everything_as_before(world: World) -> None:
    _, ask, _ = world
    days = (await ask("GET", f"{VALUES}?period=day", "kpi:write")).json()["items"]
    assert len(days) == 86
    assert (days[0]["numerator"], days[0]["denominator"]) == (pytest.approx(36.45), 600)
    assert days[0]["value"] == pytest.approx(EXACT)
    found = (await ask("GET", OCTOBER, "kpi:write")).json()
    assert (len(found["days"]), len(found["parts"])) == (31, 2)
    assert found["value"]["value"] == pytest.approx(EXACT)


async def test_scorecard_page_and_public_report_tell_the_same(world: World) -> None:
    client, ask, _ = world
    (line,) = (await client.get("/v1/scorecard")).json()["mehrwerte"][0]["indicators"]
    assert (line["value"]["name"], line["value"]["value"]) == ("2026-10", TOLD)
    assert [(each["value"], each["days"]) for each in line["causes"]] == [(TOLD, [])]
    order = {"json": {"period": "2026-10"}}
    assert (await ask("POST", "/v1/reports/all/editions", "kpi:write", **order)).status_code == 201
    report = await client.get("/v1/reports/all?period=2026-10&format=json")
    assert report.status_code == 200
    pages = [await client.get(f"/kennzahl/above{end}") for end in ("", "?zeitraum=2026-10-05")]
    staff = (await ask("GET", "/kennzahl/above", "kpi:write")).text
    assert "1.130 / 18.600" in staff
    assert "36,5" in staff
    assert 'label="Tage"' in staff
    assert 'label="Tage"' not in pages[0].text
    assert 'label="Jahre"' not in pages[0].text, "the year is not over"
    for each in [*pages, report]:
        assert each.status_code == 200
        for exact in ("6.07", "6,07", "6,08", "6,1", "36,5", "36.45", "1.130", "18.600"):
            assert exact not in each.text


async def test_view_and_events_tell_the_same(world: World) -> None:
    _, _, url = world
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        rows = connection.execute(
            "select period, value, provisional from kpi.v1_indicator_value"
        ).fetchall()
        events = connection.execute("select body from kpi.value_event").fetchall()
    sent = [(body["period"], body["value"], body["provisional"]) for (body,) in events]
    for told in (rows, sent):
        assert ("month", TOLD, False) in told
        assert all(period in {"month", "quarter", "year"} for period, _, _ in told)
        assert all(value in {TOLD, None} and not running for _, value, running in told)

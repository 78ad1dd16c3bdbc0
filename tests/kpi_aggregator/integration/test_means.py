# SPDX-License-Identifier: EUPL-1.2
"""What groups of a survey say on the mean, everywhere where values are entered and told."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import indicator, libpq, write_city

GRADES = indicator(
    "grades", "none", source="survey", period="year", unit="Note", minimum=1, maximum=6,
    mean_groups=["jung", "alt"], publication={"least_count": 30},
    group_titles={"jung": {"de": "bis 29", "en": "to 29"}, "alt": {"de": "ab 30", "en": "30 on"}},
)  # fmt: skip
del GRADES["formula"]
REPORT = {
    "report_id": "all", "title": {"de": "Bericht", "en": "Report"}, "public": True, "version": 1,
    "recipient": {"de": "Ausschuss", "en": "Committee"}, "every": "year",
}  # fmt: skip
MEANS = {"jung": {"mean": 2.6, "persons": 40}, "alt": {"mean": 2.0, "persons": 60}}
FEW = {"jung": {"mean": 2.6, "persons": 12}, "alt": {"mean": 2.0, "persons": 60}}
LINE = "Kennzahl;Zeitraum;Wert;Mittel je Gruppe;Befragte;Quelle;Stand der Quelle\r\n"


@dataclass
class World:
    http: httpx.AsyncClient
    ask: Ask
    url: str

    async def enter(self, year: int, **more: Any) -> httpx.Response:
        body = {
            "period": "year", "period_start": f"{year}-01-01", "value": 2.24, "group_size": 100,
            "means": MEANS, "source": "Umfrage", "source_date": "2026-01-15",
            "author_role": "Sachbearbeitung", **more,
        }  # fmt: skip
        path = "/v1/indicators/grades/values"
        return await self.ask("POST", path, "kpi:write", json=body)

    async def approved(self, year: int, **more: Any) -> httpx.Response:
        number = (await self.enter(year, **more)).json()["value_id"]
        note = {"note": "geprüft", "role": "Leitung"}
        return await self.ask("POST", f"/v1/values/{number}:approve", "kpi:approve", json=note)

    async def told(self) -> list[tuple[Any, Any]]:
        found = (await self.http.get("/v1/indicators/grades/values")).json()["items"]
        return [(each["means"], each["hidden_means"]) for each in found]

    async def text(self, path: str) -> str:
        return html.unescape((await self.http.get(path)).text)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    city = write_city(tmp_path, [], [GRADES])
    (city / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [REPORT]}))
    await asyncio.to_thread(apply_city, city, database_url)
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi", size=2) as database:
        attach_database(app, database)
        async with in_process(app) as client:
            yield World(client, asker(client, database_url), database_url)


async def test_they_are_told_by_api_view_page_and_report(world: World) -> None:
    assert (await world.approved(2025)).status_code == 200
    assert await world.told() == [(MEANS, [])]
    with psycopg.connect(libpq(world.url)) as connection:
        asked = "select means from kpi.v1_indicator_value"
        assert connection.execute(asked).fetchall() == [(MEANS,)]
        ((event,),) = connection.execute("select body from kpi.value_event").fetchall()
    assert event["means"] == MEANS
    page = re.sub(r"<[^>]*>", "|", await world.text("/kennzahl/grades"))
    assert re.search(r"bis 29\|+2,60\|+40\|.*ab 30\|+2,00\|+60\|", page)
    order = {"json": {"period": "2025"}}
    made = await world.ask("POST", "/v1/reports/all/editions", "kpi:write", **order)
    assert made.status_code == 201
    paper = await world.text("/v1/reports/all?period=2025")
    told = "bis 29: 2,60\u00a0Note (40\u00a0Personen); ab 30: 2,00\u00a0Note (60\u00a0Personen)"
    assert told in paper
    rows = csv.DictReader(io.StringIO(await world.text("/v1/reports/all?period=2025&format=csv")))
    assert [row["means"] for row in rows] == ["jung=2.6 (40)|alt=2.0 (60)"]


async def test_small_groups_are_refused_and_those_too_small_for_all_are_not_told(
    world: World,
) -> None:
    small = {**MEANS, "jung": {"mean": 2.6, "persons": 9}}
    refused = await world.enter(2025, means=small)
    (wrong,) = refused.json()["errors"]
    assert (wrong["field"], wrong["code"], wrong["of"]) == ("means", "group_too_small", "10")
    assert (await world.approved(2025, means=FEW, value=2.1, group_size=72)).status_code == 200
    assert await world.told() == [({}, ["jung", "alt"])]
    with psycopg.connect(libpq(world.url)) as connection:
        found = connection.execute("select means from kpi.v1_indicator_value").fetchall()
    assert found == [(None,)]
    page = await world.text("/kennzahl/grades")
    assert "zu wenige, nicht veröffentlicht" in page
    assert "2,60" not in page
    near = {**FEW, "jung": {"mean": 2.6, "persons": 22}, "alt": {"mean": 2.0, "persons": 53}}
    differs = await world.enter(2025, means=near, value=2.2, group_size=85, cause="mehr Bögen")
    assert {each["code"] for each in differs.json()["errors"]} == {"difference_too_small"}


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("jung=2,6 (40)|alt=2,0 (60)", None),
        ("jung=2,6 (9)|alt=2,0 (60)", "group_too_small"),
        ("jung=2,6|alt=2,0", "invalid"),
    ],
)
async def test_they_are_read_from_files(world: World, cell: str, code: str | None) -> None:
    content = f"{LINE}grades;2025;2,24;{cell};100;Umfrage;15.01.2026\r\n".encode()
    options = {"content": content, "headers": {"content-type": "text/csv"}}
    answer = await world.ask(
        "POST", "/v1/values:import?author_role=Erfassung", "kpi:write", **options
    )
    if code:
        assert [each["code"] for each in answer.json()["errors"]] == [code]
        return
    assert answer.status_code == 200, answer.text
    (waiting,) = (await world.ask("GET", "/v1/values", "kpi:write")).json()["items"]
    assert waiting["means"] == MEANS

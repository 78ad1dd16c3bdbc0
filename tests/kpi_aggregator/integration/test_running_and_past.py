# SPDX-License-Identifier: EUPL-1.2
"""Entered values of a period that goes on are provisional; what was known on a day stays so below."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import ZONE, indicator, write_city

PUBLIC = "https://stadt.example/kpi"
AIMS = {
    "baseline": {"value": 10, "at": "2020-01-01", "demo": True},
    "target": {"value": 1000, "at": "2020-12-31"},
}
PAPER = {
    **indicator("paper", "none", source="manual", period="year", unit="Formate", maximum=2000),
    **AIMS, "extension": True,
}  # fmt: skip
del PAPER["formula"]


@dataclass
class World:
    http: httpx.AsyncClient
    ask: Ask
    today: date

    async def holds(self, year: int, value: float) -> None:
        path, told = "/v1/indicators/paper/values", min(self.today, date(year + 1, 1, 1))
        body = {"period": "year", "period_start": f"{year}-01-01", "value": value, "source": "Liste",
                "source_date": told.isoformat(), "author_role": "Koordination"}  # fmt: skip
        entered = await self.ask("POST", path, "kpi:write", json=body)
        assert entered.status_code == 201, entered.text
        verdict = {"note": "geprüft", "role": "Leitung"}
        done = f"/v1/values/{entered.json()['value_id']}:approve"
        assert (await self.ask("POST", done, "kpi:approve", json=verdict)).status_code == 200

    async def line(self, **query: Any) -> dict[str, Any]:
        answer = (await self.http.get("/v1/scorecard", params=query)).json()
        found: dict[str, Any] = answer["mehrwerte"][0]["indicators"][0]
        return found


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    await asyncio.to_thread(apply_city, write_city(tmp_path, [], [PAPER]), database_url)
    async with Database.open(database_url, schema="kpi", size=2) as database:
        app = create_app(Settings(public_url=PUBLIC))
        attach_database(app, database)
        async with in_process(app) as http:
            today = utc_now().astimezone(ZoneInfo(ZONE)).date()
            yield World(http, asker(http, database_url), today)


async def test_a_period_that_goes_on_stands_beside_the_newest_that_is_over(world: World) -> None:
    year = world.today.year
    await world.holds(year - 1, 20)
    before = await world.line()
    assert (before["light"], before["value"]["provisional"]) == ("red", False)
    await world.holds(year, 3)
    now = await world.line()
    assert (now["light"], now["value"]["value"], now["value"]["provisional"]) == ("red", 20, False)
    assert (now["running"]["value"], now["running"]["provisional"]) == (3, True)
    assert f"{year} läuft noch, bisher 3" in (await world.http.get("/")).text
    listed = (await world.http.get("/v1/indicators/paper/values")).json()["items"]
    assert [each["provisional"] for each in listed] == [False, True]
    page = (await world.http.get(f"/kennzahl/paper?zeitraum={year}")).text
    assert "der Wert ist vorläufig" in page
    assert f'<option value="{year}" selected>{year} (läuft noch)</option>' in page
    # left to itself the page shows the newest that is over
    assert f'<option value="{year - 1}" selected>' in (await world.http.get("/kennzahl/paper")).text


async def test_a_value_that_is_overdue_is_told_to_be_missing(world: World) -> None:
    year = world.today.year
    assert (await world.line())["missing"]["code"] == "not_entered"
    await world.holds(year - 2, 20)
    await world.holds(year, 3)
    overdue = await world.line()
    assert (overdue["value"]["value"], overdue["missing"]["code"]) == (20, "not_entered")
    page = (await world.http.get("/")).text
    assert f"Der Wert galt bis 31.12.{year - 2}; für die Zeit danach: noch nicht erfasst." in page
    assert '<span class="tag is-warning">überfällig</span>' in page
    assert "overdue</span>" in (await world.http.get("/?lang=en")).text
    await world.holds(year - 1, 22)
    assert (await world.line())["missing"] is None
    assert "überfällig" not in (await world.http.get("/")).text


async def test_a_day_before_the_first_framework_says_so(world: World) -> None:
    before = world.today - timedelta(days=400)
    now = (await world.http.get("/v1/scorecard")).json()
    then = (await world.http.get("/v1/scorecard", params={"as_of": before.isoformat()})).json()
    assert (now["framework_in_force"], then["framework_in_force"]) == (True, False)
    assert then["framework_version"] == 1
    page = (await world.http.get("/")).text
    assert "noch kein KPI-Rahmenplan in Kraft" not in page
    assert "Fassung 1 des KPI-Rahmenplans, in Kraft seit" in page
    page = (await world.http.get(f"/?stand={before}")).text
    assert f"Am {before:%d.%m.%Y} war noch kein KPI-Rahmenplan in Kraft" in page
    assert f"nach Fassung 1, die seit {world.today:%d.%m.%Y} gilt" in page
    assert "Fassung 1 des KPI-Rahmenplans, in Kraft seit" not in page


async def test_who_asks_is_told_what_was_made_up_and_where_the_pages_are(world: World) -> None:
    await world.holds(world.today.year - 1, 20)
    line = await world.line()
    assert (line["demo"], line["extension"]) == (True, True)
    assert line["address"] == f"{PUBLIC}/kennzahl/paper"
    whole = (await world.http.get("/v1/scorecard")).json()
    assert whole["reports_address"] == f"{PUBLIC}/berichte"
    page = (await world.http.get("/")).text
    assert "(Beispielwert, kein Ziel der Stadt)" in page
    assert "1 dieser Ampeln folgen Beispielzielen" in page


async def test_a_day_of_the_past_stays_on_the_way_down(world: World) -> None:
    year, yesterday = world.today.year - 1, (world.today - timedelta(days=1)).isoformat()
    await world.holds(year, 20)
    assert (
        "stand=" not in (await world.http.get("/")).text.partition("<main")[2].partition("name=")[0]
    )
    then = await world.http.get(f"/?stand={yesterday}")
    assert f'href="./kennzahl/paper?stand={yesterday}"' in then.text
    path = f"/kennzahl/paper?zeitraum={year}"
    now, past = [
        (await world.http.get(f"{path}{more}")).text for more in ("", f"&stand={yesterday}")
    ]
    assert "<strong>20" in now
    assert "<strong>20" not in past
    assert "Gezeigt wird, was am" in past
    assert f'name="stand" value="{yesterday}"' not in now

# SPDX-License-Identifier: EUPL-1.2
"""Made-up values of a demonstration: a course for every entered indicator, marked, and taken out again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city, check_city
from kpi_aggregator.commands import app as commands
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from stadttakt_runtime.plugins import CityError
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import libpq

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
FILE = HALLE / "demo/indicators.csv"
VALUES = 5 * 8 + 16


@dataclass
class World:
    http: httpx.AsyncClient
    ask: Ask
    url: str

    async def demo(self, *arguments: str) -> str:
        """Run the command; return what it says."""
        whole = ["demo", *arguments, "--database-url", self.url]
        done = await asyncio.to_thread(CliRunner().invoke, commands, whole)
        return f"{done.exit_code} {' '.join(done.output.split())}"

    async def lines(self) -> dict[str, Any]:
        card = (await self.http.get("/v1/scorecard")).json()
        return {
            line["indicator_id"]: line
            for mehrwert in card["mehrwerte"]
            for line in mehrwert["indicators"]
        }


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    await asyncio.to_thread(apply_city, HALLE, database_url)
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi", size=2) as database:
        attach_database(app, database)
        async with in_process(app) as client:
            yield World(client, asker(client, database_url), database_url)


async def test_every_entered_indicator_has_a_course_that_is_told_as_simulated(
    world: World,
) -> None:
    assert await world.demo(str(FILE)) == f"0 {VALUES} made-up values stored"
    assert await world.demo(str(FILE)) == "0 0 made-up values stored"
    lines = await world.lines()
    for name in ("modal-split", "zufriedenheit", "teilnehmende", "reisezeit"):
        assert lines[name]["value"]["simulated"] is True
        assert lines[name]["trend"] in {"rising", "falling"}
    page = (await world.http.get("/kennzahl/reisezeit")).text
    assert "Simulierte Daten" in page
    with psycopg.connect(libpq(world.url)) as connection:
        asked = "select distinct simulated from kpi.v1_indicator_value where source <> 'formula'"
        assert connection.execute(asked).fetchall() == [(True,)]


async def test_who_tries_it_sees_each_light_and_that_its_target_was_made_up(world: World) -> None:
    await world.demo(str(FILE))
    lines = await world.lines()
    rated = {name: line["light"] for name, line in lines.items() if line["light"] != "grey"}
    assert set(rated.values()) == {"green", "yellow", "red"}
    assert [name for name in rated if not lines[name]["demo"]] == []
    assert [name for name in rated if not lines[name]["value"]["simulated"]] == []
    page = (await world.http.get("/")).text
    assert f"{len(rated)} dieser Ampeln folgen Beispielzielen zur Vorführung" in page


async def test_a_city_does_not_take_made_up_targets_into_production() -> None:
    with pytest.raises(CityError, match="target was made up for demonstration"):
        check_city(HALLE, production=True)


async def test_real_values_go_before_and_made_up_ones_leave_nothing(world: World) -> None:
    body = {
        "period": "year", "period_start": "2025-01-01", "value": 2.15, "group_size": 302,
        "parts": {"note-1-2": 211, "note-3-4": 91}, "source": "Befragung",
        "source_date": "2026-02-01", "author_role": "Erfassung",
    }  # fmt: skip
    await world.demo(str(FILE))
    # Of made-up persons nobody can be told: the difference to them is no matter.
    path = "/v1/indicators/zufriedenheit/values"
    entered = await world.ask("POST", path, "kpi:write", json=body)
    assert entered.status_code == 201, entered.text
    way = f"/v1/values/{entered.json()['value_id']}:approve"
    note = {"note": "geprüft", "role": "Leitung"}
    assert (await world.ask("POST", way, "kpi:approve", json=note)).status_code == 200
    line = (await world.lines())["zufriedenheit"]["value"]
    assert (line["value"], line["simulated"]) == (2.15, False)
    assert await world.demo("--remove") == f"0 {VALUES} made-up values removed"
    lines = await world.lines()
    assert lines["zufriedenheit"]["value"]["value"] == 2.15
    assert lines["reisezeit"]["value"] is None
    assert (await world.demo()).startswith("1 ")
    # The file differs by one person from what is known by now, so its line is passed over, not refused.
    assert await world.demo(str(FILE)) == f"0 {VALUES - 1} made-up values stored"

# SPDX-License-Identifier: EUPL-1.2
"""A correction by too few persons to be told leaves a note beside the numbers told before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import indicator, write_city

SURVEY: dict[str, Any] = indicator(
    "asked", "none", source="survey", period="year", unit="Personen", whole=True, maximum=None,
    groups=["jung", "alt"],
)  # fmt: skip
del SURVEY["formula"]
BODY: dict[str, Any] = {
    "period": "year", "period_start": "2025-01-01", "value": 120, "source": "Umfrage",
    "source_date": "2026-01-15", "author_role": "Sachbearbeitung",
    "parts": {"jung": 60, "alt": 60},
}  # fmt: skip
VALUES = "/v1/indicators/asked/values"
SAID = "berichtigt; die Änderung betrifft zu wenige Personen und ist nicht veröffentlicht"


@dataclass
class World:
    http: httpx.AsyncClient
    ask: Ask

    async def enter(self, **changes: Any) -> httpx.Response:
        return await self.ask("POST", VALUES, "kpi:write", json={**BODY, **changes})

    async def approve(self, entered: httpx.Response) -> int:
        path = f"/v1/values/{entered.json()['value_id']}:approve"
        note = {"note": "geprüft", "role": "Leitung"}
        return (await self.ask("POST", path, "kpi:approve", json=note)).status_code


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    city = write_city(tmp_path, [], [SURVEY])
    report = {
        "report_id": "all", "title": {"de": "Bericht", "en": "Report"}, "public": True, "version": 1,
        "recipient": {"de": "Ausschuss", "en": "Committee"}, "every": "year",
    }  # fmt: skip
    (city / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [report]}))
    await asyncio.to_thread(apply_city, city, database_url)
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi", size=2) as database:
        attach_database(app, database)
        async with in_process(app) as client:
            yield World(client, asker(client, database_url))


async def test_the_numbers_stay_and_everybody_reads_that_they_were_corrected(world: World) -> None:
    assert await world.approve(await world.enter()) == 200
    few = {"value": 121, "parts": {"jung": 61, "alt": 60}, "cause": "Tippfehler"}
    assert (await world.enter(**few)).json()["errors"][0]["code"] == "difference_too_small"
    noted = await world.enter(**few, untold=True)
    assert (noted.status_code, noted.json()["value"], noted.json()["parts"]) == (
        201,
        120,
        BODY["parts"],
    )
    assert await world.approve(noted) == 200
    (told,) = (await world.http.get(VALUES)).json()["items"]
    assert (told["value"], told["parts"]) == (120, BODY["parts"])
    page = (await world.http.get("/kennzahl/asked?zeitraum=2025")).text
    assert SAID in page
    order = {"json": {"period": "2025", "computed_only": True}}
    made = await world.ask("POST", "/v1/reports/all/editions", "kpi:write", **order)
    assert made.status_code == 201, made.text
    assert SAID in (await world.http.get("/v1/reports/all?period=2025")).text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"value": 140, "parts": {"jung": 80, "alt": 60}}, "large_enough"),
        ({}, "large_enough"),
        ({"value": 121.5}, "not_whole"),
    ],
)
async def test_only_a_correction_by_too_few_is_noted_alone(
    world: World, changes: dict[str, Any], code: str
) -> None:
    assert await world.approve(await world.enter()) == 200
    refused = await world.enter(**changes, cause="Nachmeldung", untold=True)
    assert refused.status_code == 422
    assert code in {each["code"] for each in refused.json()["errors"]}


async def test_a_first_value_is_no_correction(world: World) -> None:
    refused = await world.enter(untold=True)
    assert [each["code"] for each in refused.json()["errors"]] == ["large_enough"]

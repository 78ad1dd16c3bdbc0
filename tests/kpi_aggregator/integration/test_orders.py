# SPDX-License-Identifier: EUPL-1.2
"""A report that somebody orders is on the newest data, or says that these are still being computed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest
import yaml

from kpi_aggregator.api import reports
from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.run import compute
from kpi_aggregator.reporting.archive import made_again
from kpi_aggregator.settings import Settings
from kpi_aggregator.storage import reports as stored
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker, mint_key
from support.http_app import in_process
from support.indicators import LOTS, ZONE, fill_lot, indicator, write_city

OPEN = {
    "report_id": "open", "title": {"de": "Bericht", "en": "Report"}, "version": 1, "due_days": 5,
    "recipient": {"de": "Ausschuss", "en": "Committee"}, "every": "month", "public": True,
}  # fmt: skip


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=ZoneInfo(ZONE))


@dataclass
class World:
    """A city whose October was computed, with one report on it."""

    http: httpx.AsyncClient
    ask: Ask
    url: str

    async def order(self, **more: Any) -> httpx.Response:
        body = {"period": "2026-10", **more}
        return await self.ask("POST", "/v1/reports/open/editions", "kpi:write", json=body)

    async def edition(self, number: int, form: str) -> str:
        path = f"/v1/reports/open?period=2026-10&edition={number}&format={form}"
        return (await self.http.get(path)).text

    async def value(self, edition: int) -> float:
        path = f"/v1/reports/open?period=2026-10&edition={edition}&format=json"
        chapter = (await self.http.get(path)).json()["chapters"][0]
        return float(chapter["lines"][0]["value"]["value"])


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    fill_lot(database_url, "north", at(10, 1), at(11, 1), 12, 18, 20)
    city = write_city(tmp_path, [LOTS], [indicator("x", "lots")])
    (city / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [OPEN]}))
    await asyncio.to_thread(apply_city, city, database_url)
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi", size=2) as database:
        await compute(database, at(11, 6))
        attach_database(app, database)
        async with in_process(app) as client:
            yield World(client, asker(client, database_url), database_url)


async def test_an_order_computes_first_what_came_since(world: World) -> None:
    before = await world.order(computed_only=True)
    fill_lot(world.url, "north", at(10, 5), at(10, 6), 18, 18, 20)
    as_it_is, made = await world.order(computed_only=True), await world.order()
    assert [each.json()["edition"] for each in (before, as_it_is, made)] == [1, 2, 3]
    first, second, third = [await world.value(edition) for edition in (1, 2, 3)]
    assert first == second < third


async def test_an_order_that_would_wait_too_long_says_so_and_can_take_what_there_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "ORDER_WAITS_S", 0)
    refused = await world.order()
    assert (refused.status_code, refused.json()["code"]) == (409, "computing")
    came = await world.http.post(
        "/erfassen/anmelden", data={"key": await mint_key(world.url, "kpi:write")}
    )
    staff = {"cookie": came.headers["set-cookie"].split(";")[0]}
    page = (await world.http.get("/berichte", headers=staff)).text
    assert "computed_only" not in page
    form = dict(re.findall(r'name="(form_token|newest)" value="([^"]*)"', page))
    form["period"] = "2026-10"
    sent = await world.http.post("/berichte/open", data=form, headers=staff)
    assert sent.headers["location"] == "../berichte?meldung=rechnet"
    page = (await world.http.get("/berichte?meldung=rechnet", headers=staff)).text
    assert "mit den schon berechneten Werten" in page
    form["computed_only"] = "yes"
    sent = await world.http.post("/berichte/open", data=form, headers=staff)
    assert sent.headers["location"] == "../berichte?meldung=erstellt"
    assert (await world.http.get("/v1/reports/open/editions")).json()["items"][0]["edition"] == 1


async def test_a_further_edition_tells_what_it_says_otherwise_than_the_one_before(
    world: World,
) -> None:
    await world.order()
    fill_lot(world.url, "north", at(10, 5), at(10, 6), 18, 18, 20)
    await world.order()
    assert (await world.order()).json()["edition"] == 3
    told = {number: await world.edition(number, "json") for number in (1, 2, 3)}
    first, second, third = (orjson.loads(each) for each in told.values())
    assert "corrects" not in first
    assert [each["corrects"]["number"] for each in (second, third)] == [1, 2]
    steps = [each["chapters"][0]["lines"][0]["corrects"]["step"] for each in (second, third)]
    assert steps == ["corrected", "steady"]
    page = await world.edition(2, "html")
    head, _, rest = page.partition("Gegenüber der früheren Ausgabe OPEN 2026-10/1 (Stand ")
    assert "<dt>Frühere Ausgabe</dt><dd>OPEN 2026-10/1" in head
    assert "berichtigt von 66,7 auf" in rest.partition("3 Kennzahlen im Einzelnen")[0]
    page = await world.edition(3, "html")
    assert "Alle Werte sind dieselben." in page.partition("früheren Ausgabe OPEN 2026-10/2")[2]
    opened = Database.open(world.url, schema="kpi", size=1)
    async with opened as database, database.connection() as connection:
        for each in await stored.newest(connection, "open", stored.Wanted(), limit=3):
            kept = await stored.document(connection, each.edition_id)
            assert (await made_again(connection, each)).to_bytes() == kept


async def test_without_a_period_the_newest_period_is_told_whatever_was_ordered_last(
    world: World,
) -> None:
    for period in ("2026-09", "2026-10", "2026-09"):
        made = await world.order(period=period, computed_only=True)
        assert made.status_code == 201, made.text
    found = (await world.http.get("/v1/reports/open?format=json")).json()
    assert found["period"] == "2026-10"

# SPDX-License-Identifier: EUPL-1.2
"""Who polls gets 304 until what is told is something else: by values, framework, day, or who asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.domain.values import MADE_UP
from kpi_aggregator.settings import Settings
from kpi_aggregator.storage import values
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import indicator, write_city

YEAR = 2020
PAPER = indicator("paper", "none", source="manual", period="year", unit="Formate", maximum=2000)
del PAPER["formula"]
VALUES = "/v1/indicators/paper/values"
POLLED = [
    "/v1/scorecard",
    "/v1/indicators",
    "/v1/indicators/paper",
    VALUES,
    f"/v1/indicators/paper/explanation?period={YEAR}",
]
OF_VALUES = [path for path in POLLED if path not in {"/v1/indicators", "/v1/indicators/paper"}]
REPORTS = ["/v1/reports"]
BODY = {"period": "year", "period_start": f"{YEAR}-01-01", "value": 20, "source": "Liste",
        "source_date": f"{YEAR + 1}-01-01", "author_role": "Koordination"}  # fmt: skip


@dataclass
class Poller:
    """One who polls, and keeps the entity tag of each answer."""

    http: httpx.AsyncClient
    ask: Ask
    url: str
    database: Database
    folder: Path

    async def tags(self, paths: list[str]) -> dict[str, str]:
        found = {}
        for path in paths:
            answer = await self.http.get(path)
            assert answer.status_code == 200, answer.text
            assert answer.headers["last-modified"]
            found[path] = answer.headers["etag"]
        return found

    async def statuses(self, tags: dict[str, str]) -> list[int]:
        return [
            (await self.http.get(path, headers={"if-none-match": tag})).status_code
            for path, tag in tags.items()
        ]

    async def holds(self) -> None:
        entered = await self.ask("POST", VALUES, "kpi:write", json=BODY)
        done = f"/v1/values/{entered.json()['value_id']}:approve"
        verdict = {"note": "geprüft", "role": "Leitung"}
        assert (await self.ask("POST", done, "kpi:approve", json=verdict)).status_code == 200

    async def apply(self, **changes: Any) -> None:
        folder = write_city(self.folder, [], [PAPER | changes])
        await asyncio.to_thread(apply_city, folder, self.url)


@pytest.fixture
async def poller(database_url: str, tmp_path: Path) -> AsyncIterator[Poller]:
    async with Database.open(database_url, schema="kpi", size=2) as database:
        app = create_app(Settings())
        attach_database(app, database)
        async with in_process(app) as http:
            found = Poller(http, asker(http, database_url), database_url, database, tmp_path)
            await found.apply()
            yield found


async def test_who_has_it_already_is_told_304_without_a_body(poller: Poller) -> None:
    tags = await poller.tags(POLLED + REPORTS)
    assert set(await poller.statuses(tags)) == {304}
    held = await poller.http.get(VALUES, headers={"if-none-match": tags[VALUES]})
    assert (held.content, held.headers["etag"]) == (b"", tags[VALUES])


async def test_a_value_that_holds_or_is_taken_back_is_told_at_once(poller: Poller) -> None:
    before = await poller.tags(OF_VALUES)
    since = {"if-modified-since": (await poller.http.get(VALUES)).headers["last-modified"]}
    await poller.holds()
    assert set(await poller.statuses(before)) == {200}
    assert (await poller.http.get(VALUES, headers=since)).status_code == 200
    then = await poller.tags(OF_VALUES)
    await poller.database.persist(
        lambda connection: connection.execute(
            "update indicator_value set author = $1 where indicator_id = 'paper'", MADE_UP
        )
    )
    marked = await poller.tags([VALUES])
    assert marked[VALUES] != then[VALUES]
    await poller.database.persist(values.forget_made_up)
    assert await poller.tags(OF_VALUES) == before


async def test_another_framework_is_told_at_once(poller: Poller) -> None:
    tags = await poller.tags([path for path in POLLED if path != VALUES])
    await poller.apply(title={"de": "Neu", "en": "New"}, version=2)
    assert set(await poller.statuses(tags)) == {200}


async def test_the_scorecard_of_today_is_another_one_tomorrow(
    poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = await poller.tags(["/v1/scorecard"])
    later = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr("kpi_aggregator.api.scorecard.utc_now", lambda: later)
    assert await poller.statuses(tags) == [200]


async def test_what_staff_are_told_is_kept_from_caches_and_has_a_tag_of_its_own(
    poller: Poller,
) -> None:
    await poller.apply(public=False)
    open_to_all = await poller.http.get("/v1/indicators")
    assert (open_to_all.json()["items"], open_to_all.headers["cache-control"]) == ([], "no-cache")
    staff = await poller.ask("GET", "/v1/indicators", "kpi:write")
    assert staff.headers["cache-control"] == "private, no-cache"
    assert "authorization" in staff.headers["vary"]
    assert staff.headers["etag"] != open_to_all.headers["etag"]

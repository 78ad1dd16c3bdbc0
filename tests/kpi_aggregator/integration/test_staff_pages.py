# SPDX-License-Identifier: EUPL-1.2
"""Who is logged in sees at all pages what is not public, and orders reports there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.csv_import import SEPARATORS
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import mint_key
from support.http_app import in_process
from support.indicators import indicator, write_city

PAPER = {**indicator("paper", "none", source="manual", period="year", public=False)}
del PAPER["formula"]
REPORT = {
    "report_id": "runde", "title": {"de": "Bericht der Runde", "en": "Round"}, "every": "month",
    "recipient": {"de": "Konferenz", "en": "Conference"}, "version": 1,
}  # fmt: skip
FORM = re.compile(r'name="(form_token|newest)" value="([^"]*)"')
OPTION = re.compile(r'<option value="([^"]*)"')


@dataclass
class Desk:
    """The service, and the ways of who is logged in with a key of a scope."""

    http: httpx.AsyncClient
    url: str

    async def cookie(self, scope: Scope) -> dict[str, str]:
        key = await mint_key(self.url, scope)
        came = await self.http.post("/erfassen/anmelden", data={"key": key})
        self.http.cookies.clear()
        assert "Path=/" in came.headers["set-cookie"].replace("; ", ";").split(";")
        return {"cookie": came.headers["set-cookie"].split(";")[0]}


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    city = write_city(tmp_path, [], [PAPER])
    (city / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [REPORT]}))
    await asyncio.to_thread(apply_city, city, database_url)
    async with Database.open(database_url, schema="kpi", size=2) as database:
        app = create_app(Settings())
        attach_database(app, database)
        async with in_process(app) as http:
            yield Desk(http, database_url)


async def test_open_periods_are_listed_where_values_are_entered(desk: Desk) -> None:
    page = (await desk.http.get("/erfassen", headers=await desk.cookie("kpi:write"))).text
    listed = page.partition('id="open-title"')[2].partition("</section>")[0]
    assert f"<dt>paper</dt><dd>{utc_now().year - 1}</dd>" in listed


@pytest.mark.parametrize(
    ("query", "none", "some"),
    [
        ("", "setzt keine Cookies", "Cookies setzt diese Seite erst, wenn Sie sich anmelden"),
        ("?lang=en", "sets no cookies", "sets cookies only when you sign in"),
    ],
)
async def test_the_login_says_that_it_sets_cookies_and_public_pages_that_they_set_none(
    desk: Desk, query: str, none: str, some: str
) -> None:
    for path, said, unsaid in (("/", none, some), ("/erfassen/anmelden", some, none)):
        footer = (await desk.http.get(path + query)).text.partition("<footer")[2]
        assert said in footer, path
        assert unsaid not in footer, path


async def test_the_help_on_files_names_every_separator_that_is_read(desk: Desk) -> None:
    staff = await desk.cookie("kpi:write")
    assert {",", ";", "\t"} == set(SEPARATORS)
    for query, said in (
        ("", "Semikolon, Komma oder Tabulator"),
        ("?lang=en", "comma, semicolon or tab"),
    ):
        page = await desk.http.get(f"/erfassen/einlesen{query}", headers=staff)
        assert said in page.text


async def test_a_login_counts_at_the_scorecard_at_indicators_and_at_reports(desk: Desk) -> None:
    staff = await desk.cookie("kpi:approve")
    for path, said in (("/", "paper"), ("/kennzahl/paper", "paper"), ("/berichte", "Runde")):
        everybody = await desk.http.get(path, headers={"accept": "text/html"})
        assert said not in everybody.text
        # What is not there for everybody may be there soon: that page is kept by nobody.
        kept = "no-store" if everybody.status_code == 404 else "no-cache"
        assert everybody.headers["cache-control"] == kept
        seen = await desk.http.get(path, headers=staff)
        assert said in seen.text, path
        assert seen.headers["cache-control"] == "no-store"
        assert "cookie" in seen.headers["vary"]
    # who may only approve orders none
    assert "form_token" not in (await desk.http.get("/berichte", headers=staff)).text


async def test_a_report_is_ordered_at_its_page_once_and_its_files_opened(desk: Desk) -> None:
    staff = await desk.cookie("kpi:write")
    shown = (await desk.http.get("/berichte", headers=staff)).text
    form = {**dict(FORM.findall(shown)), "period": OPTION.findall(shown)[1]}
    for _ in range(2):
        sent = await desk.http.post("/berichte/runde", data=form, headers=staff)
        assert sent.status_code == 303, sent.text
    assert sent.headers["location"] == "../berichte?meldung=inzwischen"
    after = await desk.http.get("/berichte?meldung=erstellt", headers=staff)
    assert "Der Bericht wurde erstellt" in after.text
    files = set(re.findall(r'href="\./(berichte/runde/datei[^"]*edition=[^"]*)"', after.text))
    assert len(files) == 4
    for each in files:
        path = f"/{each.replace('&amp;', '&')}"
        assert form["period"] in path
        assert (await desk.http.get(path)).status_code == 404
        opened = await desk.http.get(path, headers=staff)
        assert (opened.status_code, opened.headers["x-report-edition"]) == (200, "1")
        assert opened.headers["cache-control"] == "private, no-cache"


async def test_no_other_site_orders_a_report_and_none_before_its_time(desk: Desk) -> None:
    staff, approver = await desk.cookie("kpi:write"), await desk.cookie("kpi:approve")
    shown = (await desk.http.get("/berichte", headers=staff)).text
    form = {**dict(FORM.findall(shown)), "period": OPTION.findall(shown)[0]}
    token = re.search(r'id="form_token" value="([^"]*)"', (await desk.http.get("/erfassen", headers=approver)).text)  # fmt: skip
    assert token
    for headers, changes, status in (
        ({}, {}, 401),
        (staff, {"form_token": "0" * 64}, 403),
        (approver, {"form_token": token[1]}, 403),
        (staff, {"period": "2099-01"}, 409),
        (staff, {"period": "gestern"}, 422),
    ):
        sent = await desk.http.post("/berichte/runde", data={**form, **changes}, headers=headers)
        assert sent.status_code == status, changes
    assert "edition=" not in (await desk.http.get("/berichte", headers=staff)).text

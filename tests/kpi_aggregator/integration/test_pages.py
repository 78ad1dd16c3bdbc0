# SPDX-License-Identifier: EUPL-1.2
"""What pages answer, asked for without a browser."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import asker
from support.http_app import in_process
from support.indicators import LOTS, indicator, write_city

LINK = re.compile(r'(?:href|src)="([^"#][^"]*)"')
PAGES = ("/", "/kennzahl/x", "/berichte")


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    indicators = [indicator("x", "lots"), indicator("verborgen", "lots", public=False)]
    await asyncio.to_thread(apply_city, write_city(tmp_path, [LOTS], indicators), database_url)
    async with Database.open(database_url, schema="kpi") as database:
        yield database


@pytest.fixture
async def http(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with site(database) as client:
        yield client


def site(database: Database, **settings: Any) -> Any:
    app = create_app(Settings(**settings))
    attach_database(app, database)
    return in_process(app)


@pytest.mark.parametrize("path", PAGES)
async def test_pages_come_compressed_once_and_with_a_strict_policy(
    http: httpx.AsyncClient, path: str
) -> None:
    plain = await http.get(path, headers={"accept-encoding": "identity"})
    assert (plain.status_code, "content-encoding" in plain.headers) == (200, False)
    assert "default-src 'none'" in plain.headers["content-security-policy"]
    assert "unsafe" not in plain.headers["content-security-policy"]
    zipped = await http.get(path, headers={"accept-encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.content == plain.content
    known = {"accept-encoding": "gzip", "if-none-match": zipped.headers["etag"]}
    assert (await http.get(path, headers=known)).status_code == 304
    assert len(gzip.compress(plain.content)) < 50_000


@pytest.mark.parametrize("path", PAGES)
async def test_pages_work_below_any_path_of_a_proxy(http: httpx.AsyncClient, path: str) -> None:
    text = (await http.get(path)).text
    assert 'href="/' not in text
    assert 'src="/' not in text
    assert 'action="/' not in text


async def test_what_is_not_public_is_on_no_page_but_for_staff(
    http: httpx.AsyncClient, database_url: str
) -> None:
    ask = asker(http, database_url)
    assert "verborgen" not in (await http.get("/")).text
    assert (await http.get("/kennzahl/verborgen")).status_code == 404
    assert (await ask("GET", "/kennzahl/verborgen", "kpi:write")).status_code == 200
    assert "verborgen" in (await ask("GET", "/", "kpi:write")).text


@pytest.mark.parametrize("wrong", ["2026-02-30", "gestern", "1800-01-01", "9999-01-01", "%00"])
async def test_a_day_that_is_none_shows_today_and_says_so(
    http: httpx.AsyncClient, wrong: str
) -> None:
    answer = await http.get(f"/?stand={wrong}")
    assert answer.status_code == 200
    assert "Dieses Datum gibt es nicht" in answer.text
    assert f'value="{datetime.now(tz=UTC).year}' in answer.text


@pytest.mark.parametrize("wrong", ["2026-13", "x", "9999", "%22%3E%3Cscript%3E", "0000"])
async def test_a_period_that_is_none_never_breaks_the_page(
    http: httpx.AsyncClient, wrong: str
) -> None:
    answer = await http.get(f"/kennzahl/x?zeitraum={wrong}")
    assert answer.status_code == 200
    assert "<script>" not in answer.text


async def test_legal_pages_are_the_portals_where_it_is_named(database: Database) -> None:
    async with site(database, portal_url="https://portal.example/") as client:
        text = (await client.get("/")).text
        assert 'href="https://portal.example/impressum"' in text
        assert 'href="https://portal.example/barrierefreiheit"' in text
    async with site(database) as client:
        assert "impressum" not in (await client.get("/")).text


async def test_no_page_links_to_what_is_not_there(database: Database) -> None:
    """Without a portal too, since a city may run the indicators alone."""
    async with site(database) as client:
        waiting, seen = ["/"], {"/"}
        while waiting:
            path = waiting.pop()
            answer = await client.get(path, follow_redirects=True)
            assert answer.status_code == 200, path
            links = [unescape(each) for each in LINK.findall(answer.text)]
            here = str(answer.url)
            found = {urlsplit(urljoin(here, each))._replace(fragment="").geturl() for each in links}
            assert all(each.startswith(str(client.base_url)) for each in found), path
            inner = {each.removeprefix(str(client.base_url).rstrip("/")) for each in found}
            waiting += inner - seen
            seen |= inner
    assert {"/", "/berichte", "/erfassen", "/kennzahl/x", "/berichte?lang=en"} <= seen
    assert "/erfassen/anmelden?lang=en" in seen


async def test_assets_of_an_older_page_are_those_of_now(http: httpx.AsyncClient) -> None:
    assert (await http.get("/static/old/kpi.css")).headers["cache-control"] == "public, max-age=300"
    assert (await http.get("/static/old/nothing.css")).status_code == 404

# SPDX-License-Identifier: EUPL-1.2
"""The frame of every page: language, words, headers, assets."""

import gzip
import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from open_data_publisher.app import create_app
from open_data_publisher.domain.portal import NOWHERE
from open_data_publisher.portal.assets import ASSETS
from open_data_publisher.portal.formats import number
from open_data_publisher.portal.frame import page
from open_data_publisher.portal.language import localised
from open_data_publisher.portal.words import TEXTS, words_in
from support.http_app import in_process


def app_with_a_page(**values: Any) -> FastAPI:
    app = create_app(city=replace(NOWHERE, city_name="<Musterstadt>"))

    @app.get("/probe")
    async def probe(request: Request) -> Response:
        return page(request, "frame.html", title="Probe", **values)

    return app


async def get(path: str, **headers: str) -> httpx.Response:
    async with in_process(app_with_a_page(active="now")) as client:
        return await client.get(path, headers=headers)


async def test_a_page_is_german_unless_its_address_says_otherwise() -> None:
    german, english = await get("/probe?x=1&lang=de"), await get("/probe?x=1&lang=en")
    assert '<html lang="de">' in german.text
    assert '<html lang="en">' in english.text
    assert (german.headers["content-language"], english.headers["content-language"]) == ("de", "en")
    assert 'href="/probe?x=1&amp;lang=en" lang="en"' in german.text
    assert 'href="/probe?x=1" lang="de"' in english.text
    assert 'href="/kennzahlen?lang=en"' in english.text
    assert (await get("/probe?lang=xx", **{"accept-language": "en"})).text.count('lang="de"') == 1


async def test_names_are_escaped() -> None:
    text = (await get("/probe")).text
    assert "&lt;Musterstadt&gt;" in text
    assert "<Musterstadt>" not in text


async def test_a_page_may_load_its_own_servers_files_only_and_run_nothing_inline() -> None:
    answer = await get("/probe")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert set(re.findall(r"-src ([^;]+)", policy)) == {"'none'", "'self'"}
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<script>" not in answer.text
    assert " style=" not in answer.text


async def test_the_same_page_is_not_sent_twice() -> None:
    first = await get("/probe")
    assert "set-cookie" not in first.headers
    again = await get("/probe", **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    listed = await get("/probe", **{"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert listed.status_code == 304


async def test_assets_change_their_address_with_their_content() -> None:
    address = re.search(r'href="(/static/\w+/portal\.css)"', (await get("/probe")).text)
    assert address is not None
    found = await get(address[1], **{"accept-encoding": "identity"})
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.content == ASSETS["portal.css"].body
    assert gzip.decompress(ASSETS["portal.css"].zipped) == found.content
    assert "immutable" not in (await get("/static/old/portal.css")).headers["cache-control"]
    assert (await get("/static/old/none.css")).json()["code"] == "not_found"


async def test_the_notice_of_simulated_data_shows_only_where_there_are_some() -> None:
    assert 'aria-label="Simulierte Daten" hidden' in (await get("/probe")).text
    async with in_process(app_with_a_page(simulated=True)) as client:
        assert 'aria-label="Simulierte Daten">' in (await client.get("/probe")).text


def test_every_word_is_there_in_both_languages() -> None:
    assert TEXTS
    assert words_in("en")("frame.subtitle", city="X") == "Open data of X"
    with pytest.raises(KeyError):
        words_in("de")("frame.no_such_word")


@pytest.mark.parametrize(
    ("address", "english"),
    [("/", "/?lang=en"), ("/a?b=c", "/a?b=c&lang=en"), ("/a#d", "/a?lang=en#d")],
)
def test_addresses_keep_their_language(address: str, english: str) -> None:
    assert localised(address, "en") == english
    assert localised(address, "de") == address


def test_numbers_are_written_as_the_language_does() -> None:
    assert (number(1234.5, "de", 1), number(1234.5, "en", 1)) == ("1.234,5", "1,234.5")

# SPDX-License-Identifier: EUPL-1.2
"""Measures are changed at a page: as they were seen, with a reason, by editors; nobody's words are lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from support.asking import Ask, asker, mint_key
from support.ideas import registry

PAGE = "/intern/teilprojekt/karrierebus"
API = "/v1/subprojects/karrierebus"


class Reader(HTMLParser):
    """Reads what a browser would send of the form that changes something."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {}
        self._area = self._select = ""
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self._is_inside = "novalidate" in given
        elif not self._is_inside:
            return
        elif tag == "input" and given.get("type") != "checkbox":
            self.fields[name] = value
        elif tag == "input" and "checked" in given:
            self.fields.setdefault(name, []).append(value)
        elif tag == "textarea":
            self._area, self.fields[name] = name, ""
        elif tag == "select":
            self._select, self.fields[name] = name, ""
        elif tag == "option" and "selected" in given:
            self.fields[self._select] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[tuple[httpx.AsyncClient, Ask]]:
    async with registry(database_url) as (http, _):
        key = await mint_key(database_url, "registry:write")
        await http.post("/intern/anmelden", data={"key": key})
        yield http, asker(http, database_url)


async def opened(http: httpx.AsyncClient) -> dict[str, Any]:
    """Return the form as a browser sends it back, unchanged."""
    page = await http.get(PAGE)
    assert page.status_code == 200, page.text
    reader = Reader()
    reader.feed(page.text)
    return reader.fields


async def test_an_editor_changes_a_sub_project_and_the_history_tells_who_and_why(
    site: tuple[httpx.AsyncClient, Ask],
) -> None:
    http, ask = site
    form = await opened(http)
    same = await http.post(PAGE, data={**form, "reason": "nur nachgesehen"})
    assert (same.status_code, same.headers["location"]) == (303, f"{PAGE}?getan=gleich")
    changed = await http.post(
        PAGE, data={**form, "state": "laufend", "partners-0-part": "leitet", "reason": "Beschluss"}
    )
    assert changed.headers["location"] == f"{PAGE}?getan=geaendert"
    told = (await http.get(API)).json()
    assert (told["state"], told["partners"][0]["part"]) == ("laufend", "leitet")
    history = (await ask("GET", f"{API}/changes", "registry:read")).json()["items"]
    last = history[-1]
    assert (last["action"], last["reason"], last["author_role"]) == ("changed", "Beschluss", "editor")  # fmt: skip
    assert set(last["details"]) == {"state", "partners"}
    page = (await http.get(f"{PAGE}?getan=geaendert")).text
    assert "geändert: Stand, Partner" in page
    assert "von der Verwaltung geändert" in (await http.get("/intern/massnahmen")).text


async def test_what_is_wrong_changes_nothing_and_is_told_with_what_was_typed(
    site: tuple[httpx.AsyncClient, Ask],
) -> None:
    http, _ = site
    before = (await http.get(API)).json()
    form = await opened(http)
    for changes, said in (
        ({"title.en": "", "reason": "weil"}, "Titel auf Englisch: fehlt"),
        ({"source": "Rat", "reason": ""}, "Begründung"),
        ({"measures": ["gibt-es-nicht"], "reason": "weil"}, "Maßnahmen"),
    ):
        refused = await http.post(PAGE, data={**form, "summary.de": "Neu gesagt", **changes})
        assert refused.status_code == 422, changes
        assert said in refused.text.partition('role="alert"')[2].partition("</div>")[0], changes
        assert "Neu gesagt" in refused.text
    assert (await http.get(API)).json() == before


async def test_who_was_overtaken_sees_both_words_and_saves_with_the_next_sending(
    site: tuple[httpx.AsyncClient, Ask],
) -> None:
    http, _ = site
    first, second = await opened(http), await opened(http)
    await http.post(
        PAGE, data={**first, "state": "laufend", "source": "Beschluss", "reason": "ich"}
    )
    late = {**second, "reifegrad": "umsetzung", "source": "Bericht", "reason": "auch ich"}
    overtaken = await http.post(PAGE, data=late)
    assert overtaken.status_code == 412
    assert "wurde inzwischen geändert" in overtaken.text
    assert "&#34;Beschluss&#34;" in overtaken.text
    reader = Reader()
    reader.feed(overtaken.text)
    kept = reader.fields
    assert (kept["state"], kept["reifegrad"], kept["source"]) == ("laufend", "umsetzung", "Bericht")
    assert (await http.post(PAGE, data=kept)).status_code == 303
    told = (await http.get(API)).json()
    assert (told["state"], told["reifegrad"], told["source"]) == ("laufend", "umsetzung", "Bericht")


async def test_the_page_is_for_editors_and_their_own_forms(
    site: tuple[httpx.AsyncClient, Ask], database_url: str
) -> None:
    http, _ = site
    form = await opened(http)
    forged = await http.post(PAGE, data={**form, "form_token": "x", "reason": "weil"})
    assert forged.status_code == 403
    assert (await http.get("/intern/massnahme/gibt-es-nicht")).status_code == 404
    await http.post("/intern/abmelden", data={"form_token": form["form_token"]})
    assert (await http.get(PAGE)).status_code == 303
    key = await mint_key(database_url, "registry:rate")
    await http.post("/intern/anmelden", data={"key": key})
    assert (await http.get(PAGE)).status_code == 403
    listed = await http.get("/intern/massnahmen")
    assert listed.status_code == 200
    assert PAGE not in listed.text

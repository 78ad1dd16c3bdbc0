# SPDX-License-Identifier: EUPL-1.2
"""Forms as no browser sends them are answered in words, never with 500."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from measure_registry.api.pages.staff.fields import based_on
from support.idea_form import FIELDS, send
from support.ideas import registry, submit
from support.staff_pages import Staff, logged_in

UNREADABLE = "Dieses Formular ist nicht lesbar"


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[tuple[httpx.AsyncClient, FastAPI]]:
    async with registry(database_url) as both:
        yield both


def parts(charset: str, **fields: str) -> dict[str, Any]:
    """Return a form in parts that says in which characters it is written."""
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    return {"content": f"{body}--x--\r\n".encode(), "headers": {"content-type": kind}}


def token(staff: Staff, page: httpx.Response) -> str:
    return page.text.split('name="form_token" value="')[1].split('"')[0]


async def test_citizens_form_in_characters_of_no_browser_is_refused_in_words(
    site: tuple[httpx.AsyncClient, FastAPI],
) -> None:
    http, app = site
    begun = app.state.stamp.at(datetime.now(tz=UTC) - timedelta(minutes=1))
    fields = {"begun": begun, "title": "Bänke \\ud800", "action": "save"}
    for charset in ("undefined", "unicode_escape", "idna", "no-such", "utf-8; charset=undefined"):
        answer = await http.post("/", **parts(charset, **fields))
        assert (answer.status_code, UNREADABLE in answer.text) == (422, True), charset
    assert (await http.post("/", **parts("UTF-8", **fields))).status_code == 200


async def test_citizens_form_with_a_strange_signature_or_word_is_shown_again(
    site: tuple[httpx.AsyncClient, FastAPI],
) -> None:
    fast = await send(site, begun="1764147600.ü")
    assert (fast.status_code, "kamen zu schnell" in fast.text) == (422, True)
    word = await send(site, mehrwerte=["Ä"], target_groups=["\0", "alle"])
    assert word.status_code == 422
    for said in ("Was bringt die Idee der Stadt?: ", "Für wen ist die Idee?: ", FIELDS["title"]):
        assert said in word.text


@pytest.mark.parametrize("name", ["", "/aendern", "/teilen", "/kontakt", "/personenbezogenes"])
async def test_a_nul_or_unknown_characters_at_the_desk_are_refused_in_words(
    site: tuple[httpx.AsyncClient, FastAPI], database_url: str, name: str
) -> None:
    http, _ = site
    path = f"/intern/idee/{(await submit(http))['idea_id']}{name}"
    staff = await logged_in(http, database_url, "registry:admin")
    held = token(staff, await staff.get("/intern"))
    form = {"form_token": held, "action": "merge", "into": "a\0b", "reason": "im Team\0besprochen"}
    nul = await staff.post(path, data=form)
    assert (nul.status_code, UNREADABLE in nul.text) == (422, True)
    http.headers["cookie"] = staff.cookie
    strange = await http.post(path, **parts("undefined", form_token=held))
    assert (strange.status_code, UNREADABLE in strange.text) == (422, True)


async def test_a_nul_in_what_several_ideas_a_paper_or_a_file_name_is_refused_in_words(
    site: tuple[httpx.AsyncClient, FastAPI], database_url: str
) -> None:
    http, _ = site
    staff = await logged_in(http, database_url, "registry:admin")
    form = {"form_token": token(staff, await staff.get("/intern")), "reason": "im Team besprochen"}
    files = {"files": ("ideen.csv", b"title\n")}
    answers = [
        await staff.post("/intern", data={**form, "action": "publish", "idea": "a\0b@1"}),
        await staff.post("/intern/neu", data={**form, "once": "a\0b"}, files=files),
        await staff.post("/intern/einlesen", data={**form, "profile": "a\0b"}, files=files),
    ]
    told = [(each.status_code, UNREADABLE in each.text) for each in answers]
    assert told == [(422, True)] * 3


def test_what_a_form_began_with_is_one_text_a_field() -> None:
    assert based_on(orjson.dumps({"title": "a", "goal": ["b"], "budget": 1}).decode()) == {
        "title": "a"
    }

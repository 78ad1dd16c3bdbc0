# SPDX-License-Identifier: EUPL-1.2
"""Two of staff at the same thing: who comes second is told what the first did, and loses no word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from support.asking import Ask
from support.ideas import ANY, IDEA, WHY, qualify, registry, submit
from support.staff_pages import Staff, hidden, logged_in

OVERTAKEN, MEANWHILE = "wurde inzwischen geändert", "Inzwischen geschah:"
EDIT = {"title": "Ein anderer Titel", "reason": "Titel gekürzt"}


@pytest.fixture
def database_url(city_database_url: str) -> str:
    """One database for all tests here: each asks for its own ideas only."""
    return city_database_url


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with registry(database_url, city=None) as (client, _):
        yield client


@pytest.fixture
async def editor(http: httpx.AsyncClient, database_url: str) -> Staff:
    return await logged_in(http, database_url, "registry:admin")


def _told(page: httpx.Response) -> str:
    """Return what a page says of what it refused."""
    return page.text.split('class="errors" role="alert"', 1)[1].split("<form", 1)[0]


async def _edited(ask: Ask, idea_id: str) -> None:
    done = await ask("PATCH", f"/v1/ideas/{idea_id}", "registry:write", json=EDIT, headers=ANY)
    assert done.status_code == 200, done.text


@pytest.mark.parametrize(
    "order",
    [
        {"action": "move:gesichtet"},
        {"action": "publish"},
        {"action": "merge"},
    ],
    ids=lambda order: order["action"],
)
async def test_who_was_overtaken_is_told_what_happened_and_keeps_their_words(
    http: httpx.AsyncClient, editor: Staff, ask: Ask, order: dict[str, Any]
) -> None:
    idea_id, other = [(await submit(http))["idea_id"] for _ in range(2)]
    path = f"/intern/idee/{idea_id}"
    mine = {"into": other, **order, "reason": "meine Begründung"}
    seen = await editor.hidden(path)
    await _edited(ask, idea_id)
    late = await editor.post(path, data={**seen, **mine})
    assert late.status_code == 412
    told = _told(late)
    for said in (OVERTAKEN, MEANWHILE, "Redaktion: Text geändert", "Titel gekürzt", "<ins>Ein anderer Titel</ins>"):  # fmt: skip
        assert said in told
    assert 'value="meine Begründung"' in late.text
    after = (await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")).json()
    assert (after["state"], after["public"], after["merged_into"]) == ("eingereicht", False, None)
    assert (await editor.post(path, data={**hidden(late), **mine})).status_code == 303


async def test_a_form_that_says_no_version_does_nothing(
    http: httpx.AsyncClient, editor: Staff
) -> None:
    idea_id = (await submit(http))["idea_id"]
    token = (await editor.hidden("/intern"))["form_token"]
    bare = {"form_token": token, "action": "publish", **WHY}
    alone = await editor.post(f"/intern/idee/{idea_id}", data=bare)
    assert (alone.status_code, "Inzwischen geschah" in alone.text) == (412, True)
    several = await editor.post("/intern", data={**bare, "idea": idea_id})
    assert f"{idea_id}</a>: Die Idee wurde inzwischen geändert" in several.text
    assert (await http.get(f"/idee/{idea_id}")).status_code == 404


async def test_the_board_tells_who_was_faster_with_which_idea(
    http: httpx.AsyncClient, editor: Staff, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    token = await editor.hidden("/intern")
    await _edited(ask, idea_id)
    order = {**token, "action": "publish", **WHY, "idea": f"{idea_id}@1"}
    done = (await editor.post("/intern", data=order)).text
    told = done.split('class="errors"', 1)[1].split("<form", 1)[0]
    assert (MEANWHILE in told, "Redaktion: Text geändert" in told) == (True, True)


async def test_a_rater_judges_the_text_they_have_seen_and_is_not_overtaken_by_raters(
    http: httpx.AsyncClient, database_url: str, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    first, second = [await logged_in(http, database_url, "registry:rate") for _ in range(2)]
    path = f"/intern/idee/{idea_id}"
    mine = {"action": "rate", "rating-mehrwert": "erfuellt", "comment-mehrwert": "nützt vielen"}
    seen, others = await first.hidden(path), await second.hidden(path)
    assert (await second.post(path, data={**others, **mine})).status_code == 303
    assert (await first.post(path, data={**seen, **mine})).status_code == 303
    window = await first.post(path, data={**seen, **mine, "rating-mehrwert": "nicht_erfuellt"})
    assert (window.status_code, MEANWHILE in window.text) == (412, True)
    seen = await first.hidden(path)
    await _edited(ask, idea_id)
    late = await first.post(path, data={**seen, **mine, "comment-mehrwert": "doch nicht"})
    assert (late.status_code, 'value="doch nicht"' in late.text) == (412, True)
    assert "<ins>Ein anderer Titel</ins>" in _told(late)
    rated = (await ask("GET", path.replace("/intern/idee", "/v1/ideas"), "registry:read")).json()
    assert {each["comment"] for each in rated["ratings"][0]["votes"]} == {"nützt vielen"}


async def test_a_split_and_a_correction_tell_what_was_done_meanwhile(
    http: httpx.AsyncClient, editor: Staff, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    pages = {name: await editor.hidden(f"/intern/idee/{idea_id}/{name}") for name in ("teilen", "aendern")}  # fmt: skip
    await _edited(ask, idea_id)
    parts = {f"{name}-{number}": f"Der {number}. Teil von allem" for name in ("title", "summary") for number in (1, 2)}  # fmt: skip
    fields = {f"handlungsfeld-{number}": "mobilitaet" for number in (1, 2)}
    for name, seen in pages.items():
        form = {**seen, **parts, **fields, **WHY, "action": "split"}
        late = await editor.post(f"/intern/idee/{idea_id}/{name}", data=form)
        assert late.status_code == 412
        assert "Redaktion: Text geändert" in _told(late)


FORMAT = {
    "title.de": "Werkstatt", "title.en": "Workshop", "kind": "workshop", "held_on": "2026-03-05",
    "participants": "42", "partners": "HAVAG", **WHY,
}  # fmt: skip


async def test_who_changes_a_format_second_takes_nothing_back(
    http: httpx.AsyncClient, editor: Staff
) -> None:
    await editor.send("/intern/formate/neu", form=FORMAT)
    (noted,) = (await http.get("/v1/formats")).json()["items"]  # the only format here
    path = f"/intern/formate/{noted['format_id']}"
    seen = await editor.hidden(path)
    theirs = {**FORMAT, "participants": "17", "title.de": "Ihre Werkstatt", "measures": "smart-field"}  # fmt: skip
    assert (await editor.post(path, data={**seen, **theirs})).status_code == 303
    # also a form with something wrong in it does not count as having seen the new words
    mine = {**FORMAT, "title.de": "Meine Werkstatt", "reason": ""}
    late = await editor.post(path, data={**seen, **mine})
    assert late.status_code == 412
    assert OVERTAKEN in late.text
    assert 'value="Meine Werkstatt"' in late.text
    assert '<p class="text">Ihre Werkstatt</p>' in late.text
    assert 'value="17"' in late.text
    assert 'value="smart-field" checked' in late.text
    assert (await http.get("/v1/formats")).json()["items"][0]["title"]["de"] == "Ihre Werkstatt"


PARTS = [
    {**IDEA, "title": f"Teil {number}", "summary": "Eine Hälfte des Ganzen."} for number in (1, 2)
]


async def test_a_split_is_made_once_and_of_what_was_read(http: httpx.AsyncClient, ask: Ask) -> None:
    path = f"/v1/ideas/{(await submit(http))['idea_id']}"
    read = {"if-match": (await ask("GET", path, "registry:read")).headers["etag"]}
    body = {"parts": PARTS, **WHY}
    made = [
        await ask("POST", f"{path}:split", "registry:write", headers=read, json=body)
        for _ in range(2)
    ]
    assert [each.status_code for each in made] == [201, 412]
    assert len((await ask("GET", path, "registry:read")).json()["links"]) == 2


async def test_of_two_open_forms_of_a_split_the_second_is_told_of_the_first(
    http: httpx.AsyncClient, editor: Staff, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    path = f"/intern/idee/{idea_id}/teilen"
    parts = {"title-1": "Anzeige", "summary-1": "Eine Anzeige.", "handlungsfeld-1": "mobilitaet",
             "title-2": "Kataster", "summary-2": "Ein Verzeichnis.", "handlungsfeld-2": "verwaltung"}  # fmt: skip
    windows = [await editor.hidden(path) for _ in range(2)]
    sent = [
        await editor.post(path, data={**seen, **parts, "action": "split", **WHY})
        for seen in windows
    ]
    assert [each.status_code for each in sent] == [303, 412]
    assert "Koordination: geteilt" in _told(sent[1])
    links = (await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")).json()["links"]
    assert len(links) == 2


async def test_who_has_not_seen_that_a_measure_took_an_idea_up_is_told_so(
    http: httpx.AsyncClient, editor: Staff, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    await qualify(ask, idea_id)
    path, page = f"/v1/ideas/{idea_id}", f"/intern/idee/{idea_id}"
    read = {"if-match": (await ask("GET", path, "registry:read")).headers["etag"]}
    seen = await editor.hidden(page)
    body = {"measure_id": "integrierte-mobilitaet", **WHY}
    adopted = await ask("POST", f"{path}:adopt", "registry:admin", headers=read, json=body)
    now = {"if-match": adopted.headers["etag"]}
    assert (await ask("POST", f"{path}:adopt", "registry:admin", headers=read, json=body)).status_code == 412  # fmt: skip
    order = {"action": "adopt", "measure": "subproject/besetztgrad", **WHY}
    late = await editor.post(page, data={**seen, **order})
    assert (late.status_code, "integrierte-mobilitaet" in _told(late)) == (412, True)
    for expected in (200, 412):
        released = await ask("POST", f"{path}:release", "registry:admin", headers=now, json=body)
        assert released.status_code == expected

# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from measure_registry.api.views import IdeaView
from support.asking import Ask
from support.files import phone_photo, picture
from support.ideas import IDEA, PERSON, move, qualify, registry, submit
from support.staff_pages import Staff, hidden, logged_in

WHY = "im Team besprochen"


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
    return await logged_in(http, database_url, "registry:write")


async def _idea(ask: Ask, idea_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")).json()
    return found


SHEET = {
    "title": "Bänke am Mühlgraben",
    "summary": "Am Mühlgraben fehlen Bänke mit Lehne.",
    "handlungsfeld": "mobilitaet",
    "further_fields": ["verwaltung"],
    "leitsaetze": ["nachhaltigkeit"],
    "place_name": "Mühlgraben",
    "lat": "51,4872",
    "lon": "11,9673",
}


async def test_a_sheet_of_paper_is_entered_once_with_its_scan_day_and_contact(
    editor: Staff, ask: Ask
) -> None:
    page = await editor.get("/intern/neu")
    words = (await ask("GET", "/v1/vocabulary", "registry:read")).json()
    sheet = {**SHEET, "leitsaetze": [words["leitsaetze"][0]["term"]]}
    form = {**hidden(page), **sheet, "submitted_on": "2026-02-03", "name": PERSON["name"]}
    files = [
        ("files", ("blatt.png", picture("png"), "image/png")),
        ("files", ("IMG_2711.jpg", phone_photo(), "image/jpeg")),
    ]
    first = await editor.post("/intern/neu", data=form, files=files)
    assert first.status_code == 303, first.text
    path = first.headers["location"]
    idea_id = path.removeprefix("/intern/idee/").removesuffix("?getan=neu")
    again = await editor.post("/intern/neu", data=form, files=files)
    assert again.headers["location"] == f"/intern/idee/{idea_id}?getan=gleich"
    shown = await editor.get(path)
    assert "Die Idee ist erfasst." in shown.text
    assert "http://test/stand/" in shown.text
    assert "(0 kB)" not in shown.text
    assert PERSON["name"] not in shown.text
    idea = await _idea(ask, idea_id)
    assert idea["submitted_at"] == "2026-02-03T11:00:00Z"
    assert (idea["channel"], idea["public"]) == ("paper", False)
    assert idea["place"] == {"name": "Mühlgraben", "lat": 51.4872, "lon": 11.9673}
    files_url = f"/v1/ideas/{idea_id}/attachments"
    assert len((await ask("GET", files_url, "registry:read")).json()["items"]) == 2


async def test_what_is_wrong_with_a_sheet_is_told_by_field_and_nothing_typed_is_lost(
    editor: Staff, ask: Ask
) -> None:
    page = await editor.get("/intern/neu?lang=en")
    form = {**hidden(page), **SHEET, "title": "Oh", "lat": "", "submitted_on": "2099-01-01", "email": "x", "goal": "Ruhe\r\nund Schatten"}  # fmt: skip
    files = [("files", ("blatt.pdf", b"no PDF at all", "application/pdf"))]
    refused = await editor.post("/intern/neu?lang=en", data=form, files=files)
    assert refused.status_code == 422
    for said in (
        "Title: 3 to 150 characters",
        "Came on: a day that is not to come",
        "E-mail: this address is not complete",
        "Attachment blatt.pdf: no PDF, PNG or JPEG, or damaged",
    ):
        assert said in refused.text
    assert "\nRuhe\nund Schatten</textarea>" in refused.text
    assert 'value="Oh"' in refused.text
    half = await editor.post("/intern/neu", data={**form, "title": "Blattschaden", "lat": "", "email": "",
                             "submitted_on": "2026-02-03"}, files=[("files", ("", b""))])  # fmt: skip
    assert "Breite und Länge: beide als Zahl, oder keine" in half.text
    found = (await ask("GET", "/v1/ideas?q=Blattschaden", "registry:read")).json()
    assert found["items"] == []


async def test_a_rater_enters_and_corrects_nothing(
    http: httpx.AsyncClient, database_url: str
) -> None:
    idea_id = (await submit(http, contact=PERSON))["idea_id"]
    rater = await logged_in(http, database_url, "registry:rate")
    for path in ("/intern/neu", *(f"/intern/idee/{idea_id}/{each}" for each in ("aendern", "teilen", "kontakt"))):  # fmt: skip
        refused = await rater.get(path)
        assert (refused.status_code, "für eine andere Rolle" in refused.text) == (403, True)
    token = await rater.hidden("/intern")
    for path in ("aendern", "teilen", "kontakt"):
        sent = await rater.post(f"/intern/idee/{idea_id}/{path}", data={**token, "reason": WHY})
        assert sent.status_code == 403
        assert PERSON["email"] not in sent.text


async def test_two_who_correct_the_same_idea_see_each_other_s_words_and_lose_none(
    editor: Staff, http: httpx.AsyncClient, database_url: str, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    path = f"/intern/idee/{idea_id}/aendern"
    other = await logged_in(http, database_url, "registry:admin")
    fields = {
        "title": IDEA["title"], "summary": IDEA["summary"], "handlungsfeld": "mobilitaet",
        "further_fields": "verwaltung", "goal": IDEA["goal"], "mehrwerte": IDEA["mehrwerte"],
        "target_groups": "alle", "place_name": IDEA["place"]["name"], "lat": "51.4872",
        "lon": "11.9673", "submitter_kind": "zivilgesellschaft", "reason": WHY,
    }  # fmt: skip
    mine = {**await editor.hidden(path), **fields, "title": "Mein Titel", "goal": "Mein Ziel"}
    theirs = {**await other.hidden(path), **fields, "title": "Ihr Titel", "budget": "100 Euro"}
    assert (await other.post(path, data=theirs)).headers["location"].endswith("getan=geaendert")
    late = await editor.post(path, data=mine)
    assert late.status_code == 412
    assert "wurde inzwischen geändert (Rolle: Koordination)" in late.text
    assert 'value="Mein Titel"' in late.text
    assert '<p class="text">Ihr Titel</p>' in late.text
    assert "\nMein Ziel</textarea>" in late.text
    # what only the other changed is what it says now, so that sending again takes nothing back
    assert 'value="100 Euro"' in late.text
    assert (await _idea(ask, idea_id))["title"] == "Ihr Titel"
    settled = {**mine, **hidden(late), "budget": "100 Euro"}
    assert (await editor.post(path, data=settled)).status_code == 303
    after = await _idea(ask, idea_id)
    assert (after["title"], after["goal"], after["budget"]) == ("Mein Titel", "Mein Ziel", "100 Euro")  # fmt: skip
    shown = (await editor.get(f"/intern/idee/{idea_id}")).text
    assert "<del>Ihr Titel</del> <ins>Mein Titel</ins>" in shown
    assert f"<del>{IDEA['title']}</del> <ins>Ihr Titel</ins>" in shown
    same = await editor.post(path, data={**settled, **await editor.hidden(path)})
    assert same.headers["location"].endswith("getan=gleich")


async def test_an_idea_is_split_into_parts_that_keep_what_was_said(
    editor: Staff, http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    path = f"/intern/idee/{idea_id}/teilen"
    parts = {"title-1": "Anzeige", "summary-1": "Eine Anzeige vor der Straße.", "handlungsfeld-1": "mobilitaet",
             "title-2": "Kataster", "summary-2": "", "handlungsfeld-2": "verwaltung", "reason": WHY}  # fmt: skip
    more = await editor.send(path, form={**parts, "action": "more"})
    assert (more.status_code, 'id="title-3"' in more.text) == (200, True)
    assert 'value="Kataster"' in more.text
    faulty = await editor.send(path, form={**parts, "action": "split"})
    assert (faulty.status_code, 'id="summary-2-fault"' in faulty.text) == (422, True)
    assert '<a href="#summary-2">Teil 2: Worum geht es?: ' in faulty.text
    whole = {**parts, "summary-2": "Ein Verzeichnis aller Plätze.", "action": "split"}
    stale = await editor.send(path, form={**whole, "version": "7"})
    assert (stale.status_code, 'value="Kataster"' in stale.text) == (412, True)
    done = await editor.send(path, form={**whole, "title-3": "", "summary-3": "", "handlungsfeld-3": "verwaltung"})  # fmt: skip
    assert done.headers["location"] == f"/intern/idee/{idea_id}?getan=geteilt"
    source = await _idea(ask, idea_id)
    made = [await _idea(ask, each["idea_id"]) for each in source["links"]]
    assert [(each["title"], each["further_fields"]) for each in made] == [
        ("Anzeige", ["verwaltung"]),
        ("Kataster", []),
    ]
    assert {each["goal"] for each in made} == {IDEA["goal"]}


async def test_contact_data_are_shown_to_who_says_what_for_and_the_history_keeps_it(
    editor: Staff, http: httpx.AsyncClient
) -> None:
    idea_id = (await submit(http, contact=PERSON))["idea_id"]
    path = f"/intern/idee/{idea_id}/kontakt"
    before = await editor.get(path)
    assert PERSON["email"] not in before.text
    assert "Rechtsgrundlage" in before.text
    bare = await editor.send(path, form={"reason": ""})
    assert (bare.status_code, PERSON["email"] in bare.text) == (422, False)
    opened = await editor.send(path, form={"reason": "Rückfrage zum Ort"})
    assert PERSON["email"] in opened.text
    assert opened.headers["cache-control"] == "no-store"
    after = await editor.get(path)
    assert PERSON["email"] not in after.text
    assert "– Rückfrage zum Ort" in after.text
    assert "Kontaktdaten geöffnet" in (await editor.get(f"/intern/idee/{idea_id}")).text
    without = (await submit(http))["idea_id"]
    assert "keine Kontaktdaten" in (await editor.get(f"/intern/idee/{without}/kontakt")).text


async def test_an_idea_is_adopted_and_merged_on_its_page(
    http: httpx.AsyncClient, database_url: str, ask: Ask
) -> None:
    editor = await logged_in(http, database_url, "registry:admin")
    idea_id, other = [(await submit(http))["idea_id"] for _ in range(2)]
    await qualify(ask, idea_id)
    path = f"/intern/idee/{idea_id}"
    adopted = await editor.send(path, form={"action": "adopt", "measure": "measure/integrierte-mobilitaet", "reason": WHY})  # fmt: skip
    assert adopted.status_code == 303, adopted.text
    assert 'href="/massnahme/integrierte-mobilitaet"' in (await editor.get(path)).text
    for measure in ("measure/keine", "unsinn", "/"):
        missed = await editor.send(path, form={"action": "adopt", "measure": measure, "reason": WHY})  # fmt: skip
        assert (missed.status_code, "Das gibt es nicht" in missed.text) == (404, True)
    for into, status in ((idea_id, 409), ("idea-9999", 404)):
        refused = await editor.send(path, form={"action": "merge", "into": into, "reason": WHY})
        assert (refused.status_code, f'value="{into}"' in refused.text) == (status, True)
    await qualify(ask, other)
    assert (await editor.send(path, form={"action": "merge", "into": other, "reason": WHY})).status_code == 303  # fmt: skip
    merged = await editor.get(path)
    assert f"Diese Idee geht in {other} weiter." in merged.text
    assert 'value="merge"' not in merged.text
    assert (await _idea(ask, idea_id))["merged_into"] == other
    unknown = await editor.send(f"/intern/idee/{other}", form={"action": "burn", "reason": WHY})
    assert unknown.status_code == 404


async def test_contradicting_raters_are_shown_where_they_contradict_each_other(
    http: httpx.AsyncClient, database_url: str, ask: Ask
) -> None:
    idea_id, quiet = [(await submit(http, title=each))["idea_id"] for each in ("Strittige Idee", "Ruhige Idee")]  # fmt: skip
    for each in (idea_id, quiet):
        assert (await move(ask, each, "gesichtet")).status_code == 200
    first, second = [await logged_in(http, database_url, "registry:rate") for _ in range(2)]
    path = f"/intern/idee/{idea_id}"
    said = {"action": "rate", "rating-mehrwert": "erfuellt", "comment-mehrwert": "<b>klar</b>"}
    await first.send(path, form=said)
    await first.send(path, form=said)
    history = (await ask("GET", f"/v1/ideas/{idea_id}/changes", "registry:read")).json()["items"]
    assert [each["action"] for each in history].count("rated") == 1
    await second.send(path, form={**said, "rating-mehrwert": "nicht_erfuellt", "comment-mehrwert": "sehe ich nicht"})  # fmt: skip
    shown = (await first.get(path)).text
    assert "Hier widersprechen sich Bewertungen" in shown
    assert "&lt;b&gt;klar&lt;/b&gt;" in shown
    assert "sehe ich nicht" in shown
    disputed = (await first.get("/intern/bewertung?auswahl=strittig")).text
    assert ("Strittige Idee" in disputed, "Ruhige Idee" in disputed) == (True, False)
    assert "1 von 12" in disputed
    listed = (await ask("GET", "/v1/ideas?disputed=true", "registry:read")).json()["items"]
    assert idea_id in {each["idea_id"] for each in listed}
    assert quiet not in {each["idea_id"] for each in listed}
    single = IdeaView(**await _idea(ask, idea_id))
    assert IdeaView(**next(each for each in listed if each["idea_id"] == idea_id)) == single
    board = (await ask("GET", "/v1/board", "registry:read")).json()["columns"]
    (shown_there,) = [each for column in board for each in column["items"] if each["idea_id"] == idea_id]  # fmt: skip
    without_votes = [each.model_copy(update={"votes": None}) for each in single.ratings]
    assert IdeaView(**shown_there) == single.model_copy(update={"ratings": without_votes})
    waiting = (await first.get("/intern/bewertung")).text
    assert "Ruhige Idee" in waiting
    criteria = (await http.get("/v1/criteria")).json()["criteria"]
    await first.send(f"/intern/idee/{quiet}", form={"action": "rate", **{f"rating-{each['criterion_id']}": "erfuellt" for each in criteria}})  # fmt: skip
    assert "Ruhige Idee" not in (await first.get("/intern/bewertung")).text
    assert "Ruhige Idee" in (await second.get("/intern/bewertung")).text
    await second.send(path, form=said)
    assert "Strittige Idee" not in (await first.get("/intern/bewertung?auswahl=strittig")).text


async def test_several_are_moved_as_they_were_seen_and_a_refused_order_keeps_its_words(
    editor: Staff, http: httpx.AsyncClient, ask: Ask
) -> None:
    seen, changed = [(await submit(http))["idea_id"] for _ in range(2)]
    token = await editor.hidden("/intern")
    headers = {"if-match": '"v1"'}
    body = {"title": "Ein anderer Titel", "reason": WHY}
    path = f"/v1/ideas/{changed}"
    assert (await ask("PATCH", path, "registry:write", json=body, headers=headers)).status_code == 200  # fmt: skip
    order = {**token, "action": "publish", "reason": WHY, "idea": [f"{seen}@1", f"{changed}@1"]}
    done = (await editor.post("/intern", data=order)).text
    assert f'Erledigt (1): <a href="/intern/idee/{seen}">' in done
    assert f"{changed}</a>: Die Idee wurde inzwischen geändert" in done
    assert not (await _idea(ask, changed))["public"]
    short = await editor.post("/intern", data={**order, "reason": "ja"})
    assert (short.status_code, 'value="ja"' in short.text) == (422, True)
    assert f'value="{changed}@2" form="several">' in short.text


async def test_what_is_not_done_with_several_stays_chosen_with_action_and_reason(
    editor: Staff, http: httpx.AsyncClient, ask: Ask
) -> None:
    quiet, changed = [(await submit(http))["idea_id"] for _ in range(2)]
    token = await editor.hidden("/intern")
    headers = {"if-match": '"v1"'}
    body = {"title": "Ein anderer Titel", "reason": WHY}
    path = f"/v1/ideas/{changed}"
    assert (await ask("PATCH", path, "registry:write", json=body, headers=headers)).is_success
    order = {**token, "action": "publish", "reason": WHY}
    alone = await editor.post("/intern", data={**order, "idea": f"{changed}@1"})
    assert (alone.status_code, 'class="done"' in alone.text) == (412, False)
    both = await editor.post("/intern", data={**order, "idea": [f"{quiet}@1", f"{changed}@1"]})
    assert both.status_code == 200
    for each in (alone.text, both.text):
        assert re.findall(r'value="([^"]+)" form="several" checked', each) == [f"{changed}@2"]
        assert f'name="reason" type="text" required minlength="3" maxlength="2000" value="{WHY}"' in each  # fmt: skip
        assert re.findall(r'<option value="([^"]*)" selected', each) == ["publish"]
    done = await editor.post("/intern", data={**order, "idea": f"{changed}@2"})
    assert (done.status_code, 'role="alert"' in done.text) == (200, False)
    assert re.findall(r'<option value="([^"]*)" selected', done.text) == []


async def test_nothing_is_done_with_several_before_somebody_said_what(
    editor: Staff, http: httpx.AsyncClient
) -> None:
    idea_id = (await submit(http))["idea_id"]
    page = (await editor.get("/intern")).text
    first = page.split('<select id="action" name="action" required>')[1].split("</option>")[0]
    assert first == '<option value="">Bitte wählen'
    token = await editor.hidden("/intern")
    order = {**token, "action": "", "reason": WHY, "idea": f"{idea_id}@1"}
    told = await editor.post("/intern", data=order)
    assert (told.status_code, "was mit den ausgewählten geschehen soll" in told.text) == (422, True)
    assert f'value="{idea_id}@1" form="several" checked' in told.text


async def test_the_page_after_an_order_keeps_the_search_and_has_its_other_language(
    editor: Staff, http: httpx.AsyncClient
) -> None:
    idea_id = (await submit(http, title="Laternen am Kanal"))["idea_id"]
    asked = "/intern?q=Laternen&amp;stand=eingereicht&amp;vor=999"
    page = (await editor.get(asked.replace("&amp;", "&"))).text
    (here,) = re.findall(r'<form method="post" action="([^"]+)" id="several"', page)
    assert here == asked
    order = {**await editor.hidden("/intern"), "action": "publish", "reason": WHY}
    order["idea"] = f"{idea_id}@1"
    done = await editor.post(here.replace("&amp;", "&"), data=order)
    assert (done.status_code, "Ideen auf dieser Seite: 1" in done.text) == (200, True)
    (other,) = re.findall(r'href="([^"]+)" lang="en"', done.text)
    assert other == f"{asked}&amp;lang=en"
    english = await editor.get(other.replace("&amp;", "&"))
    assert (english.status_code, "Ideas on this page: 1" in english.text) == (200, True)


async def test_the_board_narrows_pages_and_finds(
    editor: Staff, http: httpx.AsyncClient, ask: Ask
) -> None:
    numbers = []
    for number in range(53):
        field = "bildung" if number % 2 else "verwaltung"
        taken = await submit(http, title=f"Einfall {number:02}", handlungsfeld=field, further_fields=[])  # fmt: skip
        numbers.append(int(taken["idea_id"].removeprefix("idea-")))
    board = (await editor.get("/intern")).text
    assert 'href="/intern?stand=eingereicht"' in board
    first = (await editor.get("/intern?q=Einfall&stand=eingereicht")).text
    assert "Ideen auf dieser Seite: 50" in first
    assert ("Einfall 52" in first, "Einfall 02" in first) == (True, False)
    assert f"vor={numbers[3]}" in first
    second = (await editor.get(f"/intern?q=Einfall&vor={numbers[3]}")).text
    assert "Ideen auf dieser Seite: 3" in second
    narrowed = (await editor.get("/intern?q=Einfall&feld=bildung&prio=&aufruf=")).text
    assert "Ideen auf dieser Seite: 26" in narrowed
    assert "Ideen auf dieser Seite: 0" in (await editor.get("/intern?q=Einfall&prio=A")).text

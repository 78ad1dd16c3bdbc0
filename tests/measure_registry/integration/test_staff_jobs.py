# SPDX-License-Identifier: EUPL-1.2
"""Networking formats, files of past calls and personal data: pages for what only the API could do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from measure_registry.api.pages.staff.line_words import in_words
from support.asking import Ask
from support.ideas import ANY, IDEA, PERSON, WHY, submit
from support.staff_pages import Staff, hidden, logged_in

NEW, IMPORT = "/intern/formate/neu", "/intern/einlesen"
FORMAT: dict[str, Any] = {
    "title.de": "Werkstatt Parken",
    "title.en": "Parking workshop",
    "kind": "Öffentlicher Workshop",
    "held_on": "2026-03-05",
    "participants": "42",
    "partners": "HAVAG\n\nStadtwerke Halle",
    "place.name": "Marktplatz",
    "measures": "integrierte-mobilitaet",
    **WHY,
}
LINES = "title,summary,handlungsfeld\nBänke am Fluss,Mehr Bänke am Ufer der Saale,mobilitaet\n"


@pytest.fixture
async def editor(http: httpx.AsyncClient, database_url: str) -> Staff:
    return await logged_in(http, database_url, "registry:write")


async def test_a_format_is_noted_changed_and_cancelled_at_a_page(
    http: httpx.AsyncClient, editor: Staff
) -> None:
    wrong = await editor.send(NEW, form={**FORMAT, "held_on": "bald", "title.en": "", "reason": ""})
    assert wrong.status_code == 422
    for said in ("Tag: ist kein Tag", "Titel auf Englisch: fehlt", "Begründung: 3 bis 2000"):
        assert said in wrong.text
    assert 'value="Werkstatt Parken"' in wrong.text
    assert (await editor.send(NEW, form=FORMAT)).status_code == 303
    (noted,) = (await http.get("/v1/formats")).json()["items"]
    assert (noted["kind"], noted["participants"]) == ("oeffentlicher-workshop", 42)
    assert noted["partners"] == ["HAVAG", "Stadtwerke Halle"]
    path = f"/intern/formate/{noted['format_id']}"
    assert "Werkstatt Parken" in (await editor.get("/intern/formate")).text
    old = await editor.hidden(path)
    again = await editor.post(path, data={**old, **FORMAT, "participants": "40"})
    assert again.status_code == 303, again.text
    late = await editor.post(path, data={**old, **FORMAT, "participants": "17"})
    assert (late.status_code, 'value="17"' in late.text) == (412, True)
    gone = await editor.send(path, form={**FORMAT, "action": "cancel"})
    assert gone.headers["location"] == "/intern/formate?getan=abgesagt"
    assert (await http.get("/v1/formats")).json()["items"] == []
    assert (await editor.get(path)).status_code == 404


async def test_a_file_is_tried_first_and_then_imported(
    http: httpx.AsyncClient, editor: Staff, ask: Ask
) -> None:
    sent: dict[str, Any] = {"files": {"files": ("ideen.csv", LINES.encode(), "text/csv")}}
    tried = await editor.send(IMPORT, form={"action": "try"}, **sent)
    assert "Neue Ideen, die eingelesen würden: 1." in tried.text
    assert (await ask("GET", "/v1/ideas", "registry:read")).json()["items"] == []
    taken = await editor.send(IMPORT, form={"action": "take"}, **sent)
    assert "Eingelesene Ideen: 1." in taken.text
    (idea,) = (await ask("GET", "/v1/ideas", "registry:read")).json()["items"]
    assert (idea["title"], idea["channel"]) == ("Bänke am Fluss", "import")
    twice = await editor.send(IMPORT, form={"action": "take"}, **sent)
    assert "1 Zeilen waren schon eingelesen" in twice.text
    none = await editor.send(IMPORT, form={"action": "try"}, files={"files": ("", b"")})
    assert (none.status_code, "Bitte wählen Sie eine Datei." in none.text) == (422, True)


async def test_a_file_that_was_tried_is_taken_with_one_button_by_who_tried_it(
    http: httpx.AsyncClient, editor: Staff, database_url: str, ask: Ask
) -> None:
    content = LINES + "Schatten am Markt,Bäume für den Markt,bildung\n"
    sent: dict[str, Any] = {"files": {"files": ("früher.csv", content.encode(), "text/csv")}}
    tried = await editor.send(IMPORT, form={"action": "try"}, **sent)
    rows = [row for row in tried.text.split("<tr>") if row.startswith("<td>")]
    assert [("Bänke am Fluss" in rows[0], "neue Idee" in rows[0]), ("Schatten am Markt" in rows[1], "neue Idee" in rows[1])] == [(True, True)] * 2  # fmt: skip
    assert "Die Datei früher.csv bleibt 15 Minuten hier" in tried.text
    confirm, empty = {**hidden(tried), "action": "take"}, {"files": {"files": ("", b"")}}
    stranger = await logged_in(http, database_url, "registry:write")
    theirs = {**confirm, "form_token": (await stranger.hidden(IMPORT))["form_token"]}
    refused = await stranger.post(IMPORT, data=theirs, **empty)
    assert (refused.status_code, "nicht mehr da" in refused.text) == (409, True)
    taken = await editor.post(IMPORT, data=confirm, **empty)
    assert "Eingelesene Ideen: 2." in taken.text
    listed = (await ask("GET", "/v1/ideas", "registry:read")).json()["items"]
    assert {each["title"] for each in listed} == {"Bänke am Fluss", "Schatten am Markt"}
    assert all(f'href="/intern/idee/{each["idea_id"]}"' in taken.text for each in listed)
    again = await editor.post(IMPORT, data=confirm, **empty)
    assert (again.status_code, "nicht mehr da" in again.text) == (409, True)
    known = await editor.send(IMPORT, form={"action": "try"}, **sent)
    assert known.text.count("bleibt wie eingelesen") == 2


async def test_every_wrong_line_of_a_file_is_named_in_german(editor: Staff) -> None:
    content = LINES + "Oh,,sport\n" + "<b>Nur</b>,zwei\n"
    sent: dict[str, Any] = {"files": {"files": ("ideen.csv", content.encode(), "text/csv")}}
    refused = await editor.send(IMPORT, form={"action": "take"}, **sent)
    assert refused.status_code == 422
    rows = [row for row in refused.text.split("<tr>") if row.startswith("<td>")]
    assert "<td>3</td><td>summary</td><td>fehlt</td>" in rows[1]
    assert "<td>4</td><td>–</td><td>2 Felder, die Kopfzeile hat 3</td>" in rows[-1]
    english = await editor.send(f"{IMPORT}?lang=en", form={"action": "take"}, **sent)
    assert english.status_code == 422
    assert (in_words("is missing", "en"), in_words("anders", "de")) == ("is missing", "anders")


async def test_what_names_a_person_is_found_and_taken_out_at_a_page(
    http: httpx.AsyncClient, editor: Staff, ask: Ask
) -> None:
    goal = "Frau Schulze aus der Gartenstraße 5 hilft, sagt Emilie Geheimrat."
    idea_id = (await submit(http, goal=goal, contact=PERSON))["idea_id"]
    path = f"/intern/idee/{idea_id}/personenbezogenes"
    page = await editor.get(path)
    for said in ("Frau Schulze", "Gartenstraße 5", "Emilie Geheimrat", "Aus den Kontaktdaten"):
        assert said in page.text
    nothing = await editor.send(path, form=WHY)
    assert "Bitte wählen Sie mindestens eine Stelle." in nothing.text
    names = {"passage": ["Frau Schulze", "Emilie Geheimrat"], "own": "aus der Gartenstraße 5"}
    told = await editor.send(path, form={**names, "reason": "Frau Schulze will es so"})
    assert (told.status_code, "Die Begründung nennt" in told.text) == (422, True)
    absent = await editor.send(path, form={"own": "kommt nicht vor", **WHY})
    assert "kommen nirgends vor" in absent.text
    before = await editor.hidden(path)
    done = await editor.post(path, data={**before, **names, **WHY})
    assert done.headers["location"] == f"/intern/idee/{idea_id}?getan=entfernt"
    said = (await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")).json()
    assert said["goal"] == "[…] […] hilft, sagt […]."
    late = await editor.post(path, data={**before, "own": "hilft", **WHY})
    assert late.status_code == 412


@pytest.mark.parametrize("path", [NEW, IMPORT, "/intern/idee/{idea}/personenbezogenes"])
async def test_these_pages_are_for_editors(
    http: httpx.AsyncClient, database_url: str, path: str
) -> None:
    idea_id = (await submit(http, **IDEA))["idea_id"]
    rater = await logged_in(http, database_url, "registry:rate")
    assert (await rater.get(path.format(idea=idea_id))).status_code == 403


async def test_a_part_names_the_idea_that_has_the_contact_data(
    http: httpx.AsyncClient, editor: Staff, ask: Ask
) -> None:
    whole = (await submit(http, contact=PERSON))["idea_id"]
    parts = [{"title": f"Teil {each}", "summary": "Nur ein Teil des Ganzen.", "handlungsfeld": "mobilitaet"} for each in "ab"]  # fmt: skip
    body = {"parts": parts, **WHY}
    made = await ask("POST", f"/v1/ideas/{whole}:split", "registry:write", json=body, headers=ANY)
    part = made.json()["items"][0]["idea_id"]
    link = f'<a href="/intern/idee/{whole}/kontakt">{whole}</a>'
    for path in (f"/intern/idee/{part}", f"/intern/idee/{part}/kontakt"):
        page = (await editor.get(path)).text
        assert "Verwandte Ideen haben welche:" in page
        assert link in page
        assert "keine Kontaktdaten (mehr)" not in page
    alone = (await submit(http, title="Ohne Kontaktdaten"))["idea_id"]
    assert "keine Kontaktdaten (mehr)" in (await editor.get(f"/intern/idee/{alone}")).text


async def test_raters_are_told_by_number_and_role_and_oneself_as_such(
    http: httpx.AsyncClient, database_url: str, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    path = f"/v1/ideas/{idea_id}/ratings/mehrwert"
    await ask("PUT", path, "registry:rate", json={"rating": "erfuellt"})
    rater = await logged_in(http, database_url, "registry:write")
    form = {"action": "rate", "rating-mehrwert": "nicht_erfuellt"}
    assert (await rater.send(f"/intern/idee/{idea_id}", form=form)).status_code == 303
    for page in (f"/intern/idee/{idea_id}", "/intern/bewertung?auswahl=strittig"):
        told = (await rater.get(page)).text
        assert "Bewertung 1 (Bewerten): " in told
        assert "Sie (Bewertung 2): " in told
    english = (await rater.get("/intern/bewertung?auswahl=strittig&lang=en")).text
    assert "You (rating 2): " in english
    assert "Rating 1 (rater): " in english

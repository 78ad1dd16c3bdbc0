# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import io
from typing import Any

import httpx
import pypdf

from measure_registry.outbox import outgoing
from measure_registry.storage import changes
from stadttakt_messages.topics import Topics
from stadttakt_runtime.database import Database
from support.asking import Ask, asker
from support.ideas import ANY, IDEA, PERSON, WHY, move, rate_all, registry, submit


async def publish(ask: Ask, idea_id: str) -> httpx.Response:
    return await ask(
        "POST", f"/v1/ideas/{idea_id}:publish", "registry:write", headers=ANY, json=WHY
    )


async def test_nothing_is_public_before_moderation(http: httpx.AsyncClient, ask: Ask) -> None:
    taken = await submit(http)
    path = f"/v1/ideas/{taken['idea_id']}"
    assert (await http.get(path)).status_code == 404
    assert (await http.get("/v1/ideas")).json()["items"] == []
    assert (await ask("GET", path, "registry:read")).status_code == 200
    assert (await publish(ask, taken["idea_id"])).status_code == 200
    shown = (await http.get(path)).json()
    assert (shown["title"], shown["state"], shown["priority"]) == (
        IDEA["title"],
        "eingereicht",
        None,
    )
    assert (shown["pseudonym"], shown["channel"], shown["transitions"]) == (None, None, None)
    withdrawn = await ask("POST", f"{path}:withdraw", "registry:write", headers=ANY, json=WHY)
    assert withdrawn.status_code == 200
    assert (await http.get(path)).status_code == 404


async def test_an_idea_is_checked_against_the_words_of_the_city(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/ideas", json={**IDEA, "handlungsfeld": "sport"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "handlungsfeld"
    answer = await http.post("/v1/ideas", json={**IDEA, "call_id": "aufruf-2022"})
    assert answer.json()["errors"][0]["code"] == "unknown_call"
    answer = await http.post("/v1/ideas", json={**IDEA, "adresse": "Markt 1"})
    assert answer.status_code == 422
    answer = await http.post("/v1/ideas", json={**IDEA, "summary": "zehn Zeichen\x00 und Null"})
    assert answer.status_code == 422


async def test_a_repeated_submission_is_one_idea(http: httpx.AsyncClient, ask: Ask) -> None:
    headers = {"idempotency-key": "form-1"}
    first = await http.post("/v1/ideas", json=IDEA, headers=headers)
    second = await http.post("/v1/ideas", json=IDEA, headers=headers)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert len((await ask("GET", "/v1/ideas", "registry:read")).json()["items"]) == 1


async def test_a_flood_from_outside_is_refused_but_staff_go_on(database_url: str) -> None:
    async with registry(database_url, intake_per_hour=2) as (http, _):
        await submit(http)
        await submit(http)
        refused = await http.post("/v1/ideas", json=IDEA)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
        ask = asker(http, database_url)
        paper = {**IDEA, "channel": "paper", "call_id": "aufruf-2022"}
        entered = await ask("POST", "/v1/ideas", "registry:write", json=paper)
        assert (entered.status_code, entered.json()["call_id"]) == (201, "aufruf-2022")


async def test_only_editors_enter_ideas_from_paper(http: httpx.AsyncClient, ask: Ask) -> None:
    paper = {**IDEA, "channel": "paper"}
    assert (await http.post("/v1/ideas", json=paper)).status_code == 403
    assert (await ask("POST", "/v1/ideas", "registry:rate", json=paper)).status_code == 403


async def test_a_forbidden_move_names_those_that_are_allowed(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    refused = await move(ask, idea_id, "qualifiziert")
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["code"] == "transition_forbidden"
    assert problem["allowed"] == ["gesichtet", "zurueckgestellt", "abgelehnt"]
    by_editor = await move(ask, idea_id, "abgelehnt", "registry:write")
    assert by_editor.json()["allowed"] == ["gesichtet"]
    by_reader = await move(ask, idea_id, "gesichtet", "registry:read")
    assert by_reader.json()["allowed"] == []


async def test_an_idea_goes_its_way_with_role_reason_and_time(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    assert (await move(ask, idea_id, "gesichtet", "registry:write")).status_code == 200
    unrated = await move(ask, idea_id, "bewertet", "registry:rate")
    assert unrated.json()["detail"] == "bewertet needs first: rated"
    assert (await rate_all(ask, idea_id))["priority"] == "A"
    for state in ("bewertet", "geclustert", "im-workshop", "qualifiziert"):
        assert (await move(ask, idea_id, state)).status_code == 200
    without_measure = await move(ask, idea_id, "in-massnahme")
    assert without_measure.json()["detail"] == "in-massnahme needs first: measure"
    history = (await ask("GET", f"/v1/ideas/{idea_id}/changes", "registry:read")).json()["items"]
    moves = [each for each in history if each["action"] == "moved"]
    assert [(each["to_state"], each["author_role"]) for each in moves] == [
        ("gesichtet", "editor"),
        ("bewertet", "coordinator"),
        ("geclustert", "coordinator"),
        ("im-workshop", "coordinator"),
        ("qualifiziert", "coordinator"),
    ]
    assert {each["reason"] for each in moves} == {WHY["reason"]}
    assert moves[0]["author"].startswith("api_key:")
    assert history[0]["author"] == "submitter"


async def test_raters_who_disagree_are_shown_and_there_is_no_priority(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    assert (await rate_all(ask, idea_id, offen="nicht_erfuellt"))["priority"] == "B"
    path = f"/v1/ideas/{idea_id}/ratings/mehrwert"
    against = {"rating": "nicht_erfuellt", "comment": "Ich sehe keinen."}
    disputed = (await ask("PUT", path, "registry:write", json=against)).json()
    assert disputed["priority"] is None
    said = next(each for each in disputed["ratings"] if each["criterion_id"] == "mehrwert")
    assert said["verdict"] == "strittig"
    assert [(each["rating"], each["comment"]) for each in said["votes"]] == [
        ("erfuellt", ""),
        ("nicht_erfuellt", "Ich sehe keinen."),
    ]
    await publish(ask, idea_id)
    public = (await http.get(f"/v1/ideas/{idea_id}")).json()["ratings"]
    assert {each["votes"] for each in public} == {None}
    missing = await ask("PUT", f"/v1/ideas/{idea_id}/ratings/gibt-es-nicht", "registry:rate",
                        json=against)  # fmt: skip
    assert missing.status_code == 404


async def test_an_edit_of_an_old_version_is_refused(http: httpx.AsyncClient, ask: Ask) -> None:
    path = f"/v1/ideas/{(await submit(http))['idea_id']}"
    read = await ask("GET", path, "registry:write")
    body = {"goal": "Suchverkehr halbieren", **WHY}
    blind = await ask("PATCH", path, "registry:write", json=body)
    assert (blind.status_code, blind.json()["code"]) == (428, "version_needed")
    headers = {"if-match": read.headers["etag"]}
    first = await ask("PATCH", path, "registry:write", json=body, headers=headers)
    assert (first.status_code, first.json()["goal"]) == (200, "Suchverkehr halbieren")
    late = {"goal": "etwas anderes", **WHY}
    second = await ask("PATCH", path, "registry:write", json=late, headers=headers)
    assert (second.status_code, second.json()["code"]) == (412, "version_changed")
    assert (await ask("GET", path, "registry:read")).json()["goal"] == "Suchverkehr halbieren"


async def test_of_concurrent_edits_one_wins_and_the_others_learn_it(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    path = f"/v1/ideas/{(await submit(http))['idea_id']}"
    headers = {"if-match": (await ask("GET", path, "registry:write")).headers["etag"]}
    answers = await asyncio.gather(
        *(
            ask("PATCH", path, "registry:write", json={"goal": f"Ziel {n}", **WHY}, headers=headers)
            for n in range(8)
        )
    )
    assert sorted(each.status_code for each in answers) == [200] + [412] * 7


async def test_a_redacted_text_is_forgotten_by_the_history_too(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    taken = await submit(http, goal="Rufen Sie mich an: 0345 999")
    path = f"/v1/ideas/{taken['idea_id']}"

    async def edit(**body: Any) -> None:
        etag = (await ask("GET", path, "registry:write")).headers["etag"]
        answer = await ask("PATCH", path, "registry:write", json={**body, **WHY},
                           headers={"if-match": etag})  # fmt: skip
        assert answer.status_code == 200

    await edit(goal="Rufen Sie Herrn X an: 0345 999", title="Ein anderer Titel")
    await edit(goal="Weniger Suchverkehr", redact=True)
    history = await ask("GET", f"{path}/changes", "registry:read")
    assert "0345 999" not in history.text
    assert IDEA["title"] in history.text


async def test_of_two_who_merge_each_into_the_other_one_is_told_where_it_went(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    for _ in range(10):
        ids = [(await submit(http))["idea_id"] for _ in range(2)]
        answers = await asyncio.gather(*(
            ask("POST", f"/v1/ideas/{one}:merge", "registry:write", headers=ANY,
                json={"into": other, **WHY})
            for one, other in (ids, ids[::-1])
        ))  # fmt: skip
        assert sorted(each.status_code for each in answers) == [200, 409]


async def test_merged_ideas_keep_their_traces(http: httpx.AsyncClient, ask: Ask) -> None:
    one, other = (await submit(http))["idea_id"], (await submit(http))["idea_id"]
    merged = await ask("POST", f"/v1/ideas/{one}:merge", "registry:write", headers=ANY,
                       json={"into": other, **WHY})  # fmt: skip
    assert merged.json()["merged_into"] == other
    shown = (await ask("GET", f"/v1/ideas/{other}", "registry:read")).json()
    assert [(each["idea_id"], each["kind"]) for each in shown["links"]] == [(one, "merged_from")]
    stopped = await move(ask, one, "gesichtet")
    assert (stopped.status_code, stopped.json()["merged_into"]) == (409, other)
    back = await ask("POST", f"/v1/ideas/{other}:merge", "registry:write", headers=ANY,
                     json={"into": one, **WHY})  # fmt: skip
    assert back.status_code == 409
    await publish(ask, other)
    assert (await http.get(f"/v1/ideas/{other}")).json()["links"] == []


async def test_similar_ideas_are_found_by_german_stems_and_letters(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    first = (await submit(http))["idea_id"]
    await submit(http, title="Kochkurs im Stadtteil", summary="Gemeinsam kochen und Rezepte tauschen.",
                 goal="", handlungsfeld="bildung", further_fields=[])  # fmt: skip
    unseen = await submit(http, title="Anzeige freier Stellplätze",
                          summary="Ein Schild zeigt den freien Stellplatz schon an der Straße.")  # fmt: skip
    assert unseen["similar"] == []
    found = await ask("GET", f"/v1/ideas/{unseen['idea_id']}/similar", "registry:read")
    assert [each["idea_id"] for each in found.json()["items"]] == [first]
    await publish(ask, first)
    again = await submit(http, title="Freie Parkplaetze anzeigen", summary="Wie der Titel es sagt.")
    assert [each["idea_id"] for each in again["similar"]] == [first]


async def test_search_finds_other_forms_of_a_word_and_parts_of_a_title(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    await submit(http, title="Kochkurs", summary="Gemeinsam kochen im Stadtteil.", goal="",
                 place={})  # fmt: skip
    for words in ("Schild", "parkplatz", "Einfahr", "Friedemann-Bach-Platz", '"freie Parkplätze"'):
        found = await ask("GET", "/v1/ideas", "registry:read", params={"q": words})
        assert [each["idea_id"] for each in found.json()["items"]] == [idea_id], words
    nothing = await ask("GET", "/v1/ideas", "registry:read", params={"q": "100%_'\\; drop"})
    assert nothing.json()["items"] == []


async def test_lists_are_paged_and_filtered(http: httpx.AsyncClient, ask: Ask) -> None:
    ids = [(await submit(http, title=f"Idee Nummer {n}"))["idea_id"] for n in range(5)]
    await move(ask, ids[0], "gesichtet")
    path: str | None = "/v1/ideas?limit=2"
    seen: list[str] = []
    while path:
        page = (await ask("GET", path, "registry:read")).json()
        seen += [each["idea_id"] for each in page["items"]]
        cursor = page["next_cursor"]
        path = f"/v1/ideas?limit=2&cursor={cursor}" if cursor else None
    assert seen == ids[::-1]
    read = await ask("GET", "/v1/ideas?state=gesichtet", "registry:read")
    assert [each["idea_id"] for each in read.json()["items"]] == ids[:1]
    by_field = await ask("GET", "/v1/ideas?handlungsfeld=verwaltung&limit=1000", "registry:read")
    assert len(by_field.json()["items"]) == 5


async def test_the_board_has_a_column_for_every_state(http: httpx.AsyncClient, ask: Ask) -> None:
    ids = [(await submit(http, title=f"Idee Nummer {n}"))["idea_id"] for n in range(3)]
    await move(ask, ids[0], "gesichtet")
    columns = (await ask("GET", "/v1/board?limit=1", "registry:read")).json()["columns"]
    counted = {each["state"]: (each["total"], len(each["items"])) for each in columns}
    assert counted["eingereicht"] == (2, 1)
    assert counted["gesichtet"] == (1, 1)
    assert counted["abgelehnt"] == (0, 0)
    assert (await http.get("/v1/board")).status_code == 401


async def test_contact_data_are_for_editors_and_leave_a_trace(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http, contact=PERSON))["idea_id"]
    path = f"/v1/ideas/{idea_id}/contact"
    assert (await http.get(path)).status_code == 401
    assert (await ask("GET", path, "registry:rate")).status_code == 403
    assert (await ask("GET", path, "registry:write")).json() == PERSON
    history = (await ask("GET", f"/v1/ideas/{idea_id}/changes", "registry:read")).json()["items"]
    assert history[-1]["action"] == "contact_read"


async def test_the_rules_are_public(http: httpx.AsyncClient) -> None:
    criteria = (await http.get("/v1/criteria")).json()
    assert criteria["version"] == 1
    assert {each["group"] for each in criteria["criteria"]} == {
        "mehrwerte",
        "leitsaetze",
        "isek",
        "foerderung",
        "umsetzung",
    }
    states = (await http.get("/v1/workflow")).json()["states"]
    assert [each["state"] for each in states if each["initial"]] == ["eingereicht"]
    assert (await http.get("/v1/calls")).json()["items"][0]["open"] is False
    fields = (await http.get("/v1/vocabulary")).json()["handlungsfelder"]
    assert [each["term"] for each in fields] == [
        "wirtschaft",
        "mobilitaet",
        "bildung",
        "verwaltung",
    ]


async def test_that_raters_contradict_each_other_is_told_to_staff_alone(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    idea_id = (await submit(http))["idea_id"]
    path = f"/v1/ideas/{idea_id}"
    for scope, rating in (("registry:rate", "erfuellt"), ("registry:write", "nicht_erfuellt")):
        body = {"rating": rating}
        assert (await ask("PUT", f"{path}/ratings/mehrwert", scope, json=body)).is_success
    assert (
        await ask("POST", f"{path}:publish", "registry:write", headers=ANY, json=WHY)
    ).is_success
    for_staff = (await ask("GET", path, "registry:read")).text
    assert "strittig" in for_staff
    shown = f"/idee/{idea_id}"
    everything = ("/v1/ideas", "/v1/ideas?disputed=true", path, "/v1/export.csv", "/v1/export.json",
                  "/v1/export.geojson", "/liste", "/karte", shown, f"{shown}?lang=en", "/feed.atom", "/feed.json")  # fmt: skip
    for each in everything:
        answer = await http.get(each)
        assert answer.status_code == 200, each
        assert not any(word in answer.text.lower() for word in ("strittig", "disputed")), each
    pdf = pypdf.PdfReader(io.BytesIO((await http.get(f"{shown}.pdf")).content))
    assert "strittig" not in "".join(page.extract_text() for page in pdf.pages).lower()
    public = (await http.get(path)).json()["ratings"]
    assert next(each for each in public if each["criterion_id"] == "mehrwert")["verdict"] == "offen"
    async with (
        Database.open(database_url, schema="registry", size=1) as database,
        database.connection() as connection,
    ):
        untold = await changes.untold(connection, 1000)
    events = [bytes(outgoing(each, Topics("takt/v1")).payload) for each in untold]
    assert b"rated" in b"".join(events)
    assert b"strittig" not in b"".join(events)


async def test_merging_splitting_and_redacting_need_the_version_that_was_read(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id, other = [(await submit(http))["idea_id"] for _ in range(2)]
    path = f"/v1/ideas/{idea_id}"
    seen = {"if-match": (await ask("GET", path, "registry:read")).headers["etag"]}
    part = {"title": "Ein Teil", "summary": "Ein Teil der Idee.", "handlungsfeld": "mobilitaet"}
    wanted = {
        "merge": {"into": other, **WHY},
        "split": {"parts": [part, part], **WHY},
        "redact": {"passages": ["Parkplätze"], **WHY},
    }
    assert (await publish(ask, idea_id)).is_success
    for verb, body in wanted.items():
        missing = await ask("POST", f"{path}:{verb}", "registry:write", json=body)
        late = await ask("POST", f"{path}:{verb}", "registry:write", json=body, headers=seen)
        told = [(each.status_code, each.json()["code"]) for each in (missing, late)]
        assert told == [(428, "version_needed"), (412, "version_changed")], verb
    idea = (await ask("GET", path, "registry:read")).json()
    assert (idea["title"], idea["merged_into"], idea["links"]) == (IDEA["title"], None, [])

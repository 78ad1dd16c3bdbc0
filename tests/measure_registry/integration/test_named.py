# SPDX-License-Identifier: EUPL-1.2
"""Texts that may name a person: who publishes is told, and several at once are not published unseen."""

from __future__ import annotations

import httpx

from support.asking import Ask
from support.ideas import ANY, PERSON, WHY, submit
from support.staff_pages import logged_in

NAMING = "Frau Sommerkorn vom Markt wünscht sich mehr Bänke am Ufer."


async def test_who_publishes_is_told_which_passages_may_name_somebody(
    http: httpx.AsyncClient, database_url: str
) -> None:
    naming = (await submit(http, summary=NAMING, contact=PERSON))["idea_id"]
    quiet = (await submit(http))["idea_id"]
    staff = await logged_in(http, database_url, "registry:write")
    page = (await staff.get(f"/intern/idee/{naming}")).text
    assert "Der Text nennt vielleicht Personen" in page
    assert "Frau Sommerkorn</p>" in page
    unhinted = (await staff.get(f"/intern/idee/{quiet}")).text
    assert "nennt vielleicht" not in unhinted
    for each in (page, unhinted, (await staff.get("/intern")).text):
        assert "Bitte lesen Sie vor dem Veröffentlichen selbst." in each
    rater = await logged_in(http, database_url, "registry:rate")
    assert "nennt vielleicht" not in (await rater.get(f"/intern/idee/{naming}")).text
    token = await staff.hidden("/intern")
    order = {**token, **WHY, "action": "publish", "idea": [f"{naming}@1", f"{quiet}@1"]}
    done = (await staff.post("/intern", data=order)).text
    assert (
        f"{naming}</a>: Nicht veröffentlicht: Der Text nennt vielleicht Personen (Frau Sommerkorn)"
        in done
    )
    assert f'Erledigt (1): <a href="/intern/idee/{quiet}">' in done
    alone = {"action": "publish", "place_name": "", "lat": "", "lon": "", **WHY}
    refused = await staff.send(f"/intern/idee/{naming}", form=alone)
    assert (refused.status_code, "(Frau Sommerkorn)" in refused.text) == (409, True)
    confirmed = await staff.send(f"/intern/idee/{naming}", form={**alone, "confirmed": "1"})
    assert confirmed.status_code == 303


async def test_the_api_publishes_who_may_be_named_only_when_confirmed(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    person = {**PERSON, "name": "Ida Sommerkorn"}
    path = f"/v1/ideas/{(await submit(http, summary=NAMING, contact=person))['idea_id']}"
    first = await ask("POST", f"{path}:publish", "registry:write", headers=ANY, json=WHY)
    assert (first.status_code, first.json()["code"]) == (409, "names_somebody")
    assert first.json()["passages"] == ["Frau Sommerkorn"]
    assert (await http.get(path)).status_code == 404
    order = {**WHY, "confirmed": True}
    second = await ask("POST", f"{path}:publish", "registry:write", headers=ANY, json=order)
    assert (second.status_code, (await http.get(path)).status_code) == (200, 200)
    assert (
        await ask("POST", f"{path}:publish", "registry:write", headers=ANY, json=WHY)
    ).status_code == 200


async def test_a_correction_of_a_public_idea_that_names_somebody_is_confirmed_or_refused(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    idea_id = (await submit(http, summary=NAMING))["idea_id"]
    path, page = f"/v1/ideas/{idea_id}", f"/intern/idee/{idea_id}"
    named = {"goal": "Fragen an Frau Erika Mustermann, Tel. 0345 1234567", **WHY}
    hidden = await ask("PATCH", path, "registry:write", headers=ANY, json=named)
    assert hidden.status_code == 200, "what is not public yet is asked when it is published"
    await ask("PATCH", path, "registry:write", headers=ANY, json={"goal": "Mehr Ruhe", **WHY})
    order = {**WHY, "confirmed": True}
    assert (
        await ask("POST", f"{path}:publish", "registry:write", headers=ANY, json=order)
    ).is_success
    refused = await ask("PATCH", path, "registry:write", headers=ANY, json=named)
    assert (refused.status_code, refused.json()["code"]) == (409, "names_somebody")
    # what was confirmed before is not asked again
    assert refused.json()["passages"] == ["0345 1234567", "Frau Erika Mustermann"]
    assert "Mustermann" not in (await http.get(path)).text
    quiet = {"benefit": "Sitzen im Schatten", **WHY}
    assert (await ask("PATCH", path, "registry:write", headers=ANY, json=quiet)).is_success
    confirmed = {**named, "confirmed": True}
    assert (await ask("PATCH", path, "registry:write", headers=ANY, json=confirmed)).is_success
    assert "Mustermann" in (await http.get(path)).text
    staff = await logged_in(http, database_url, "registry:write")
    place = {"action": "place", "place_name": "bei Herrn Quandt", "lat": "", "lon": "", **WHY}
    there = await staff.send(page, form=place)
    assert (there.status_code, "Herrn Quandt" in there.text, 'name="confirmed"' in there.text) == (
        409, True, True,
    )  # fmt: skip
    assert (await staff.send(page, form={**place, "confirmed": "1"})).status_code == 303


async def test_who_corrects_a_public_idea_at_its_page_confirms_whom_it_names(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    idea_id = (await submit(http))["idea_id"]
    publish = f"/v1/ideas/{idea_id}:publish"
    assert (await ask("POST", publish, "registry:write", headers=ANY, json=WHY)).is_success
    staff = await logged_in(http, database_url, "registry:write")
    path = f"/intern/idee/{idea_id}/aendern"
    written = {"title": "Bänke am Fluss", "summary": "Dr. Quandt kümmert sich um die Bänke.",
               "handlungsfeld": "mobilitaet", "reason": "genauer"}  # fmt: skip
    refused = await staff.send(path, form=written)
    assert (refused.status_code, "(Dr. Quandt)" in refused.text) == (409, True)
    assert "kümmert sich um die Bänke" in refused.text
    assert "Quandt" not in (await http.get(f"/idee/{idea_id}")).text
    assert 'name="confirmed"' not in (await staff.get(path)).text
    assert (await staff.send(path, form={**written, "confirmed": "1"})).status_code == 303
    assert "Quandt" in (await http.get(f"/idee/{idea_id}")).text

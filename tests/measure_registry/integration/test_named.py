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
    done = (await staff.post("/intern/sammel", data=order)).text
    assert (
        f"{naming}: Nicht veröffentlicht: Der Text nennt vielleicht Personen (Frau Sommerkorn)"
        in done
    )
    assert f"{quiet}: erledigt" in done
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

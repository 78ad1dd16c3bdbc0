# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import re

import httpx

from stadttakt_runtime.auth.scopes import Scope
from support.asking import Ask, mint_key
from support.ideas import submit

WHY = "im Team besprochen"


async def log_in(http: httpx.AsyncClient, database_url: str, scope: Scope) -> str:
    """Log in as somebody of a scope; return the form token of the session."""
    key = await mint_key(database_url, scope)
    answer = await http.post("/intern/anmelden", data={"key": key})
    assert answer.status_code == 303, answer.text
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert key not in cookie
    board = await http.get("/intern")
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', board.text)
    assert found, board.text
    return found[1]


async def test_nobody_enters_without_a_key_that_has_a_role(
    http: httpx.AsyncClient, database_url: str
) -> None:
    turned = await http.get("/intern")
    assert (turned.status_code, turned.headers["location"]) == (303, "/intern/anmelden")
    deep = await http.get("/intern/bewertung?auswahl=alle&lang=en")
    back = "/intern/anmelden?zurueck=%2Fintern%2Fbewertung%3Fauswahl%3Dalle%26lang%3Den&lang=en"
    assert deep.headers["location"] == back
    assert (await http.get("/intern/anmelden")).status_code == 200
    foreign = await mint_key(database_url, "kpi:write")
    for key, why in (("", "falsch"), ("stk_falsch", "falsch"), (foreign, "rolle")):
        refused = await http.post("/intern/anmelden", data={"key": key})
        assert refused.headers["location"].endswith(f"/intern/anmelden?grund={why}")
        assert "set-cookie" not in refused.headers
    assert (
        await http.get("/intern", headers={"cookie": "stadttakt_registry=" + "A" * 80})
    ).status_code == 303


async def test_several_ideas_are_moved_at_once_and_each_tells_what_became_of_it(
    http: httpx.AsyncClient, database_url: str, ask: Ask
) -> None:
    ids = [(await submit(http, title=f"Idee Nummer {n}"))["idea_id"] for n in range(3)]
    token = await log_in(http, database_url, "registry:admin")
    form = {
        "form_token": token,
        "reason": WHY,
        "action": "move:gesichtet",
        "idea": [f"{each}@1" for each in ids[:2]],
    }
    done = await http.post("/intern", data=form)
    told = done.text.split('class="done" role="status"')[1].split("</div>")[0]
    assert ("Erledigt (2):" in told, [each in told for each in ids]) == (True, [True, True, False])
    assert "nicht erledigt" not in done.text
    history = (await ask("GET", f"/v1/ideas/{ids[0]}/changes", "registry:read")).json()["items"]
    assert [each["author_role"] for each in history] == ["submitter", "coordinator"]
    again = await http.post("/intern", data={**form, "idea": [f"{ids[1]}@2", f"{ids[2]}@1"]})
    assert (
        f"{ids[1]}</a>: Von „gesichtet“ geht es so nicht weiter. Möglich ist für Sie: bewertet,"
        in again.text
    )
    refused, rest = again.text.split('role="alert"')[1].split('class="done"')
    assert ("1 von 2 nicht erledigt" in refused, ids[2] in refused) == (True, False)
    assert f'Erledigt (1): <a href="/intern/idee/{ids[2]}">' in rest
    found = await http.get("/intern?q=Nummer")
    assert "Ideen auf dieser Seite: 3" in found.text
    shown = (await ask("GET", f"/v1/ideas/{ids[0]}", "registry:read")).json()
    assert shown["state"] == "gesichtet"


async def test_a_form_of_another_page_is_refused(
    http: httpx.AsyncClient, database_url: str, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    await log_in(http, database_url, "registry:admin")
    form = {"reason": WHY, "action": "move:gesichtet", "idea": idea_id}
    for token in ("", "0" * 64):
        forged = await http.post("/intern", data={**form, "form_token": token})
        assert forged.status_code == 403
        assert "Dieses Formular gehört nicht zu Ihrer Anmeldung" in forged.text
    shown = (await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")).json()
    assert shown["state"] == "eingereicht"


async def test_a_rater_rates_on_the_page_and_may_not_publish(
    http: httpx.AsyncClient, database_url: str, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    token = await log_in(http, database_url, "registry:rate")
    path = f"/intern/idee/{idea_id}"
    page = await http.get(path)
    assert "Bewertung speichern" in page.text
    assert "veröffentlichen" not in page.text
    rated = await http.post(
        path,
        data={
            "form_token": token,
            "action": "rate",
            "rating-mehrwert": "erfuellt",
            "comment-mehrwert": "<b>passt</b>",
        },
    )
    assert rated.status_code == 303
    assert "&lt;b&gt;passt&lt;/b&gt;" in (await http.get(path)).text
    form = {"form_token": token, "action": "publish", "version": "1", "reason": WHY}
    refused = await http.post(path, data=form)
    assert (refused.status_code, "Ihre Rolle darf das nicht." in refused.text) == (403, True)
    assert (await http.get(f"/idee/{idea_id}")).status_code == 404


async def test_who_looked_at_an_older_version_is_told(
    http: httpx.AsyncClient, database_url: str
) -> None:
    idea_id = (await submit(http))["idea_id"]
    token = await log_in(http, database_url, "registry:admin")
    form = {"form_token": token, "reason": WHY, "version": "1", "action": "move:gesichtet"}
    assert (await http.post(f"/intern/idee/{idea_id}", data=form)).status_code == 303
    late = await http.post(f"/intern/idee/{idea_id}", data={**form, "action": "publish"})
    assert (late.status_code, "wurde inzwischen geändert" in late.text) == (412, True)
    assert f'value="{WHY}"' in late.text
    bare = await http.post(f"/intern/idee/{idea_id}", data={**form, "reason": "", "version": "2"})
    assert "Bitte begründen Sie das." in bare.text


async def test_logging_out_ends_the_session(http: httpx.AsyncClient, database_url: str) -> None:
    token = await log_in(http, database_url, "registry:read")
    left = await http.post("/intern/abmelden", data={"form_token": token})
    assert left.status_code == 303
    assert (await http.get("/intern")).status_code == 303

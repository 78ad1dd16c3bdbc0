# SPDX-License-Identifier: EUPL-1.2
"""Ratings after the rating: said where an idea has gone on, refused where the work on it is over."""

from __future__ import annotations

import httpx

from support.asking import Ask
from support.ideas import ANY, WHY, move, qualify, submit
from support.staff_pages import logged_in

LATE = "ändert die Priorität, die alle sehen"
OVER = "Sie wird nicht mehr bewertet"


async def test_an_idea_in_a_final_state_is_rated_no_more_and_its_priority_stays(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    idea_id = (await submit(http))["idea_id"]
    await qualify(ask, idea_id)
    path, page = f"/v1/ideas/{idea_id}", f"/intern/idee/{idea_id}"
    rater = await logged_in(http, database_url, "registry:rate")
    late = (await rater.get(page)).text
    assert (LATE in late, 'value="rate"' in late, OVER in late) == (True, True, False)
    form = await rater.hidden(page)
    body = {"measure_id": "integrierte-mobilitaet", **WHY}
    adopted = await ask("POST", f"{path}:adopt", "registry:admin", headers=ANY, json=body)
    assert adopted.is_success
    assert (await move(ask, idea_id, "in-massnahme")).is_success
    dissent = {"rating": "nicht_erfuellt"}
    refused = await ask("PUT", f"{path}/ratings/mehrwert", "registry:rate", json=dissent)
    assert (refused.status_code, refused.json()["code"]) == (409, "rating_over")
    sent = {**form, "action": "rate", "rating-mehrwert": "nicht_erfuellt"}
    answer = await rater.post(page, data=sent)
    assert (answer.status_code, OVER in answer.text) == (409, True)
    over = (await rater.get(page)).text
    assert (OVER in over, LATE in over, 'value="rate"' in over) == (True, False, False)
    idea = (await ask("GET", path, "registry:read")).json()
    assert (idea["state"], idea["priority"]) == ("in-massnahme", "A")


async def test_what_nobody_can_settle_any_more_waits_for_no_rater(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    idea_id = (await submit(http, title="Streit um Bänke"))["idea_id"]
    path = f"/v1/ideas/{idea_id}/ratings/mehrwert"
    for scope, rating in (("registry:rate", "erfuellt"), ("registry:admin", "nicht_erfuellt")):
        assert (await ask("PUT", path, scope, json={"rating": rating})).is_success
    rater = await logged_in(http, database_url, "registry:rate")
    assert "Streit um Bänke" in (await rater.get("/intern/bewertung?auswahl=strittig")).text
    assert (await move(ask, idea_id, "abgelehnt")).is_success
    assert "Streit um Bänke" not in (await rater.get("/intern/bewertung?auswahl=strittig")).text
    assert "Streit um Bänke" in (await rater.get("/intern/bewertung?auswahl=alle")).text

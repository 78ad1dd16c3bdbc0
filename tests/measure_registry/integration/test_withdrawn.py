# SPDX-License-Identifier: EUPL-1.2
"""Ideas that go on in others and are taken back from what everybody sees: by the API, the page and the board."""

from __future__ import annotations

import httpx
import pytest

from support.asking import Ask
from support.ideas import ANY, IDEA, WHY, submit
from support.staff_pages import logged_in


async def _public_one_that_goes_on(http: httpx.AsyncClient, ask: Ask, how: str) -> str:
    """Publish an idea, and split it or merge it into another."""
    idea_id, other = [(await submit(http))["idea_id"] for _ in range(2)]
    parts = [{**IDEA, "title": f"Teil {n} der Idee"} for n in (1, 2)]
    body = {"split": {"parts": parts}, "merge": {"into": other}}[how]
    for deed, more in (("publish", {}), (how, body)):
        path = f"/v1/ideas/{idea_id}:{deed}"
        done = await ask("POST", path, "registry:write", headers=ANY, json={**WHY, **more})
        assert done.is_success, done.text
    assert (await http.get(f"/idee/{idea_id}")).status_code == 200
    return str(idea_id)


async def _is_gone_with_its_trace(
    http: httpx.AsyncClient, ask: Ask, idea_id: str, how: str
) -> None:
    assert (await http.get(f"/idee/{idea_id}")).status_code == 404
    assert (await http.get(f"/v1/ideas/{idea_id}")).status_code == 404
    assert (await http.get("/v1/ideas")).json()["items"] == []
    path = f"/v1/ideas/{idea_id}/changes"
    told = (await ask("GET", path, "registry:read")).json()["items"]
    made = {"split": "divided", "merge": "merged"}[how]
    assert [each["action"] for each in told][-3:] == ["published", made, "withdrawn"]
    assert told[-1]["reason"] == "Person genannt"


@pytest.mark.parametrize("how", ["split", "merge"])
async def test_what_goes_on_in_others_is_withdrawn_and_keeps_its_trace(
    http: httpx.AsyncClient, ask: Ask, how: str
) -> None:
    idea_id = await _public_one_that_goes_on(http, ask, how)
    path, body = f"/v1/ideas/{idea_id}:withdraw", {"reason": "Person genannt"}
    assert (await ask("POST", path, "registry:write", json=body)).status_code == 428
    stale = await ask("POST", path, "registry:write", json=body, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    done = await ask("POST", path, "registry:write", json=body, headers=ANY)
    assert (done.status_code, done.json()["goes_on"]) == (200, True)
    await _is_gone_with_its_trace(http, ask, idea_id, how)
    again = await ask(
        "POST", f"/v1/ideas/{idea_id}:publish", "registry:write", json=body, headers=ANY
    )
    assert again.status_code == 409


@pytest.mark.parametrize("how", ["split", "merge"])
async def test_the_page_of_what_goes_on_in_others_withdraws_it_and_offers_nothing_else(
    http: httpx.AsyncClient, ask: Ask, database_url: str, how: str
) -> None:
    idea_id = await _public_one_that_goes_on(http, ask, how)
    path = f"/intern/idee/{idea_id}"
    reader = await logged_in(http, database_url, "registry:read")
    assert 'value="withdraw"' not in (await reader.get(path)).text
    staff = await logged_in(http, database_url, "registry:write")
    page = (await staff.get(path)).text
    offered = [each for each in ("publish", "withdraw", "place") if f'value="{each}"' in page]
    assert offered == ["withdraw"]
    form = {"action": "withdraw", "reason": "Person genannt"}
    moved = await staff.send(path, form={**form, "place_name": "Markt", "lat": "", "lon": ""})
    assert moved.status_code == 409
    assert (await staff.send(path, form=form)).status_code == 303
    await _is_gone_with_its_trace(http, ask, idea_id, how)
    assert 'value="withdraw"' not in (await staff.get(path)).text


async def test_the_board_withdraws_what_goes_on_in_others(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    idea_id = await _public_one_that_goes_on(http, ask, "split")
    staff = await logged_in(http, database_url, "registry:write")
    board, chosen = "/intern?q=Einfahrt", f"{idea_id}@3"
    assert f'value="{chosen}"' in (await staff.get(board)).text
    form = {"action": "withdraw", "reason": "Person genannt", "idea": chosen}
    done = await staff.post("/intern", data={**await staff.hidden(board), **form})
    assert f'Erledigt (1): <a href="/intern/idee/{idea_id}">' in done.text
    await _is_gone_with_its_trace(http, ask, idea_id, "split")

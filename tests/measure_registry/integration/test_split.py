# SPDX-License-Identifier: EUPL-1.2
"""Ideas that are split: what becomes of the parts, and what of the whole."""

from __future__ import annotations

import httpx

from support.asking import Ask
from support.ideas import ANY, IDEA, PERSON, WHY, move, rate_all, submit
from support.staff_pages import logged_in


async def test_a_split_idea_becomes_several_with_its_state_and_ratings(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    await move(ask, idea_id, "gesichtet")
    await rate_all(ask, idea_id)
    parts = [{**IDEA, "title": f"Teil {n} der Idee"} for n in (1, 2)]
    made = await ask("POST", f"/v1/ideas/{idea_id}:split", "registry:write", headers=ANY,
                     json={"parts": parts, **WHY})  # fmt: skip
    assert made.status_code == 201
    items = made.json()["items"]
    assert [(each["title"], each["state"], each["priority"]) for each in items] == [
        ("Teil 1 der Idee", "gesichtet", "A"),
        ("Teil 2 der Idee", "gesichtet", "A"),
    ]
    links = (await ask("GET", f"/v1/ideas/{items[0]['idea_id']}", "registry:read")).json()["links"]
    assert [(each["idea_id"], each["kind"]) for each in links] == [(idea_id, "split_from")]


async def test_a_split_idea_goes_on_in_its_parts_and_is_on_no_board(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    taken = await submit(http, contact=PERSON)
    whole = taken["idea_id"]
    assert (await move(ask, whole, "gesichtet")).is_success
    body = {"parts": [{**IDEA, "title": f"Teil {n} der Idee"} for n in (1, 2)], **WHY}
    made = await ask("POST", f"/v1/ideas/{whole}:split", "registry:write", headers=ANY, json=body)
    parts = [each["idea_id"] for each in made.json()["items"]]
    again = await ask("POST", f"/v1/ideas/{whole}:split", "registry:write", headers=ANY, json=body)
    stopped = await move(ask, whole, "abgelehnt")
    into = await ask("POST", f"/v1/ideas/{parts[0]}:merge", "registry:write", headers=ANY,
                     json={"into": whole, **WHY})  # fmt: skip
    for refused in (again, stopped, into):
        assert (refused.status_code, refused.json()["split_into"]) == (409, parts)
    board = (await ask("GET", "/v1/board", "registry:read")).json()["columns"]
    (seen,) = [each for each in board if each["total"]]
    assert [each["idea_id"] for each in seen["items"]] == parts[::-1]
    staff = await logged_in(http, database_url, "registry:write")
    page = (await staff.get(f"/intern/idee/{whole}")).text
    assert f"Diese Idee geht in {', '.join(parts)} weiter." in page
    assert ("/teilen" in page, 'value="publish"' in page) == (False, False)
    queue = (await staff.get("/intern/bewertung")).text
    assert [each for each in (whole, *parts) if each in queue] == parts
    status = (await http.get(f"/stand/{taken['status_token']}")).text
    assert "geteilt: Sie geht in ihren Teilen weiter." in status
    assert status.count("Eine andere Idee (gesichtet)") == 2

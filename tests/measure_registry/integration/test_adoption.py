# SPDX-License-Identifier: EUPL-1.2
"""Ideas that measures take up: only when they are as far, by who may decide, and counted while they are part of one."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg

from support.asking import Ask
from support.ideas import ANY, IDEA, WHY, move, qualify, submit
from support.staff_pages import logged_in

FIRST = {"measure_id": "integrierte-mobilitaet", **WHY}
OTHER = {"subproject_id": "besetztgrad", **WHY}


async def _do(ask: Ask, idea_id: str, deed: str, body: Any, scope: str = "registry:admin") -> httpx.Response:  # fmt: skip
    return await ask("POST", f"/v1/ideas/{idea_id}:{deed}", scope, headers=ANY, json=body)


def _counted(database_url: str) -> tuple[list[Any], int]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select undertaking_id, adopted from registry.v1_adoption order by changed_at, undertaking_id"
        ).fetchall()
        project = connection.execute(
            "select ideas from registry.v1_project where project_id = 'integrierte-mobilitaet'"
        ).fetchone()
    assert project is not None
    return rows, project[0]


async def test_a_measure_takes_up_what_is_as_far_and_a_coordinator_decides(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    idea_id = (await submit(http))["idea_id"]
    early = await _do(ask, idea_id, "adopt", FIRST)
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    assert early.json()["possible"] == ["in-massnahme", "qualifiziert"]
    await qualify(ask, idea_id)
    assert (await _do(ask, idea_id, "adopt", FIRST, "registry:write")).status_code == 403
    assert (await _do(ask, idea_id, "adopt", FIRST)).status_code == 200
    assert _counted(database_url) == ([("integrierte-mobilitaet", 0)], 0)
    assert (await move(ask, idea_id, "in-massnahme")).status_code == 200
    assert _counted(database_url) == ([("integrierte-mobilitaet", 1)], 1)


async def test_what_was_rejected_after_all_is_not_counted(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    idea_id = (await submit(http))["idea_id"]
    await qualify(ask, idea_id)
    await _do(ask, idea_id, "adopt", FIRST)
    assert (await move(ask, idea_id, "abgelehnt")).status_code == 200
    assert _counted(database_url) == ([("integrierte-mobilitaet", 0)], 0)


async def test_a_wrong_choice_is_taken_back_and_its_day_is_counted_anew(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    idea_id = (await submit(http))["idea_id"]
    await qualify(ask, idea_id)
    await _do(ask, idea_id, "adopt", FIRST)
    await move(ask, idea_id, "in-massnahme")
    assert (await _do(ask, idea_id, "release", OTHER)).status_code == 404
    last = await _do(ask, idea_id, "release", FIRST)
    assert (last.status_code, last.json()["code"]) == (409, "still_needed")
    assert (await _do(ask, idea_id, "adopt", OTHER)).status_code == 200
    assert (await _do(ask, idea_id, "release", FIRST, "registry:write")).status_code == 403
    assert (await _do(ask, idea_id, "release", FIRST)).status_code == 200
    rows, ideas = _counted(database_url)
    assert (sorted(rows), ideas) == ([("besetztgrad", 1), ("integrierte-mobilitaet", 0)], 0)
    history = (await ask("GET", f"/v1/ideas/{idea_id}/changes", "registry:read")).json()["items"]
    assert [each["action"] for each in history][-2:] == ["adopted", "released"]


async def test_coordinators_adopt_and_release_at_the_page_and_editors_do_not(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    idea_id = (await submit(http))["idea_id"]
    path = f"/intern/idee/{idea_id}"
    staff = await logged_in(http, database_url, "registry:admin")
    order = {"action": "adopt", "measure": "measure/integrierte-mobilitaet", **WHY}
    assert 'value="adopt"' not in (await staff.get(path)).text
    early = await staff.send(path, form=order)
    assert (early.status_code, "erst auf, wenn sie dort steht: " in early.text) == (409, True)
    await qualify(ask, idea_id)
    editor = await logged_in(http, database_url, "registry:write")
    assert (await editor.send(path, form=order)).status_code == 403
    assert 'value="adopt"' in (await staff.get(path)).text
    assert (await staff.send(path, form=order)).status_code == 303
    assert (await staff.send(path, form={**order, "action": "release"})).status_code == 303
    shown = (await staff.get(path)).text
    assert "aus Maßnahme genommen: integrierte-mobilitaet" in shown
    assert 'value="release"' not in shown


async def test_an_idea_and_what_it_goes_on_in_are_counted_once_the_first_time(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    whole, merged = [(await submit(http))["idea_id"] for _ in range(2)]
    for each in (whole, merged):
        await qualify(ask, each)
        assert (await _do(ask, each, "adopt", FIRST)).is_success
        assert (await move(ask, each, "in-massnahme")).is_success
    assert _counted(database_url)[1] == 2
    # two that were one all the time: the first of both stays
    assert (await _do(ask, merged, "merge", {"into": whole, **WHY})).is_success
    assert _by_idea(database_url) == {whole: 1, merged: 0}
    body = {"parts": [{**IDEA, "title": f"Teil {n} der Idee"} for n in (1, 2)], **WHY}
    made = await _do(ask, whole, "split", body)
    parts = [each["idea_id"] for each in made.json()["items"]]
    for each in parts:
        assert (await _do(ask, each, "adopt", OTHER)).is_success
    assert _by_idea(database_url) == {whole: 1, merged: 0, parts[0]: 0, parts[1]: 0}
    assert _counted(database_url)[1] == 1


async def test_parts_of_an_idea_that_nothing_took_up_are_counted_each(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    whole = (await submit(http))["idea_id"]
    await qualify(ask, whole)
    body = {"parts": [{**IDEA, "title": f"Teil {n} der Idee"} for n in (1, 2)], **WHY}
    parts = [each["idea_id"] for each in (await _do(ask, whole, "split", body)).json()["items"]]
    for each in parts:
        assert (await _do(ask, each, "adopt", FIRST)).is_success
        assert (await move(ask, each, "in-massnahme")).is_success
    assert _by_idea(database_url) == dict.fromkeys(parts, 1)


def _by_idea(database_url: str) -> dict[str, int]:
    with psycopg.connect(database_url) as connection:
        return dict(
            connection.execute("select idea_id, adopted from registry.v1_adoption").fetchall()
        )

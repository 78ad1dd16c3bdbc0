# SPDX-License-Identifier: EUPL-1.2
"""Ideas that measures take up: only when they are as far, by who may decide, and counted while they are part of one."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg

from support.asking import Ask
from support.ideas import ANY, WHY, move, qualify, submit
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

# SPDX-License-Identifier: EUPL-1.2
"""Ideas that measures take up: only when they are as far, by who may decide, and counted while they are part of one."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest

from support.asking import Ask
from support.ideas import ANY, IDEA, WHY, move, qualify, submit
from support.staff_pages import logged_in

FIRST = {"measure_id": "integrierte-mobilitaet", **WHY}
OTHER = {"subproject_id": "besetztgrad", **WHY}
PARTS = {"parts": [{**IDEA, "title": f"Teil {n} der Idee"} for n in (1, 2)], **WHY}


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


async def _part(http: httpx.AsyncClient, ask: Ask, taker: dict[str, str]) -> str:
    """Return an idea that is part of a measure or sub-project."""
    idea_id: str = (await submit(http))["idea_id"]
    await qualify(ask, idea_id)
    assert (await _do(ask, idea_id, "adopt", taker)).is_success
    assert (await move(ask, idea_id, "in-massnahme")).is_success
    return idea_id


def _days(database_url: str) -> dict[tuple[str, str], Any]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select idea_id, undertaking_id, at from registry.v1_adoption where adopted = 1"
        ).fetchall()
    return {(idea_id, name): at for idea_id, name, at in rows}


@pytest.mark.parametrize("earlier_into_later", [True, False])
async def test_what_takes_up_an_idea_goes_along_in_a_merger_and_the_first_time_counts(
    http: httpx.AsyncClient, ask: Ask, database_url: str, *, earlier_into_later: bool
) -> None:
    one, other = [await _part(http, ask, FIRST) for _ in range(2)]
    assert (await _do(ask, one, "adopt", OTHER)).is_success
    before = _days(database_url)
    source, target = (one, other) if earlier_into_later else (other, one)
    assert (await _do(ask, source, "merge", {"into": target, **WHY})).is_success
    assert _days(database_url) == {
        (target, "integrierte-mobilitaet"): before[one, "integrierte-mobilitaet"],
        (target, "besetztgrad"): before[one, "besetztgrad"],
    }
    # whoever reads by changed_at counts the day of the one that goes on anew
    with psycopg.connect(database_url) as connection:
        told = connection.execute(
            "select at, changed_at > at, adopted from registry.v1_adoption"
            " where idea_id = %s and undertaking_id = 'integrierte-mobilitaet'",
            [source],
        ).fetchall()
    assert told == [(before[source, "integrierte-mobilitaet"], True, 0)]
    seen = (await ask("GET", "/v1/subprojects/besetztgrad", "registry:read")).json()["ideas"]
    assert [each["idea_id"] for each in seen] == [target]
    history = (await ask("GET", f"/v1/ideas/{source}/changes", "registry:read")).json()["items"]
    assert {"released", "merged"} <= {each["action"] for each in history}


async def test_an_idea_that_a_measure_takes_up_goes_on_only_where_one_could(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    part, wanted = [await _part(http, ask, FIRST), (await submit(http))["idea_id"]]
    ready, early = [(await submit(http))["idea_id"] for _ in range(2)]
    for each in (wanted, ready):
        await qualify(ask, each)
    assert (await _do(ask, wanted, "adopt", OTHER)).is_success
    for source, target, state in ((part, ready, "qualifiziert"), (wanted, early, "eingereicht")):
        refused = await _do(ask, source, "merge", {"into": target, **WHY})
        assert (refused.status_code, refused.json()["code"]) == (409, "loses_measure")
        assert refused.json()["state"] == state
    staff = await logged_in(http, database_url, "registry:write")
    form = {"action": "merge", "into": ready, **WHY}
    told = await staff.send(f"/intern/idee/{part}", form=form)
    assert (told.status_code, "Führen Sie umgekehrt zusammen" in told.text) == (409, True)
    assert (await _do(ask, wanted, "merge", {"into": ready, **WHY})).is_success
    # the measure that took the one up makes the other ready to be part of it
    assert (await move(ask, ready, "in-massnahme")).is_success
    assert set(_days(database_url)) == {(part, FIRST["measure_id"]), (ready, "besetztgrad")}


async def test_what_a_measure_took_up_is_not_split(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    whole = await _part(http, ask, FIRST)
    staff = await logged_in(http, database_url, "registry:write")
    assert "/teilen" not in (await staff.get(f"/intern/idee/{whole}")).text
    refused = await _do(ask, whole, "split", PARTS)
    assert (refused.status_code, refused.json()["code"]) == (409, "taken_up_whole")
    form = {**WHY}
    for n in (1, 2):
        form |= {f"{name}-{n}": IDEA[name] for name in ("title", "summary", "handlungsfeld")}
    told = await staff.send(f"/intern/idee/{whole}/teilen", form=form)
    assert (told.status_code, "deshalb wird sie nicht geteilt" in told.text) == (409, True)
    assert (await ask("GET", f"/v1/ideas/{whole}", "registry:read")).json()["goes_on"] is False


async def test_an_idea_that_goes_on_is_taken_out_of_a_measure_by_coordinators(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    gone, into = [(await submit(http))["idea_id"] for _ in range(2)]
    assert (await _do(ask, gone, "merge", {"into": into, **WHY})).is_success
    # as mergers left it before what takes an idea up went along
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "update registry.idea set state = 'in-massnahme' where idea_id = %s", [gone]
        )
        connection.execute(
            "insert into registry.adoption (idea_id, kind, undertaking_id, at, reason)"
            " values (%s, 'measure', 'integrierte-mobilitaet', now(), ''),"
            " (%s, 'subproject', 'besetztgrad', now(), '')",
            [gone, gone],
        )
    assert (await _do(ask, gone, "adopt", OTHER)).status_code == 409
    staff = await logged_in(http, database_url, "registry:admin")
    form = {"action": "release", "measure": "measure/integrierte-mobilitaet", **WHY}
    page = (await staff.get(f"/intern/idee/{gone}")).text
    assert ('value="release"' in page, 'value="adopt"' in page) == (True, False)
    assert (await staff.send(f"/intern/idee/{gone}", form=form)).status_code == 303
    assert (await _do(ask, gone, "release", OTHER)).is_success
    assert _days(database_url) == {}


async def test_parts_of_an_idea_that_nothing_took_up_are_counted_each(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    whole = (await submit(http))["idea_id"]
    await qualify(ask, whole)
    parts = [each["idea_id"] for each in (await _do(ask, whole, "split", PARTS)).json()["items"]]
    for each in parts:
        assert (await _do(ask, each, "adopt", FIRST)).is_success
        assert (await move(ask, each, "in-massnahme")).is_success
    assert _by_idea(database_url) == dict.fromkeys(parts, 1)


def _by_idea(database_url: str) -> dict[str, int]:
    with psycopg.connect(database_url) as connection:
        return dict(
            connection.execute("select idea_id, adopted from registry.v1_adoption").fetchall()
        )

# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from measure_registry.city.apply import apply_city
from support.asking import Ask
from support.effects import enter_values
from support.ideas import ANY, HALLE, IDEA, WHY, move, rate_all, submit


def form(view: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer says of a measure, as a body takes it."""
    own = {"version", "changed_at", "subprojects", "ideas"}
    return {name: value for name, value in view.items() if name not in own}


async def change(ask: Ask, measure_id: str, /, **fields: Any) -> httpx.Response:
    path = f"/v1/measures/{measure_id}"
    read = await ask("GET", path, "registry:write")
    body = {"measure": {**form(read.json()), **fields}, **WHY}
    return await ask("PUT", path, "registry:write", json=body,
                     headers={"if-match": read.headers["etag"]})  # fmt: skip


async def test_measures_are_public_with_their_sub_projects(http: httpx.AsyncClient) -> None:
    items = (await http.get("/v1/measures")).json()["items"]
    assert [each["measure_id"] for each in items] == [
        "smart-field",
        "integrierte-mobilitaet",
        "bildungsinitiative-haneu",
    ]
    mobility = (await http.get("/v1/measures/integrierte-mobilitaet")).json()
    assert [each["subproject_id"] for each in mobility["subprojects"]] == [
        "karrierebus",
        "stadtbildung",
        "besetztgrad",
    ]
    assert mobility["pilots"][0]["next_step"]["de"].startswith("Voraussichtlich")
    assert mobility["godparents"][0]["body"] == "Smart-City-Beirat"
    parts = (await http.get("/v1/measures/integrierte-mobilitaet/subprojects")).json()["items"]
    assert {each["priority"] for each in parts} == {"A"}
    bus = (await http.get("/v1/subprojects/karrierebus")).json()
    assert len(bus["measures"]) == 3
    assert (await http.get("/v1/measures/gibt-es-nicht")).status_code == 404


async def test_what_staff_change_stays_when_the_folder_is_applied_again(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    assert (await change(ask, "smart-field", reifegrad="pilot")).json()["reifegrad"] == "pilot"
    lines = await asyncio.to_thread(apply_city, HALLE, database_url)
    assert "measures: 3 (0 new or changed, 0 retired); as staff have them: smart-field" in lines
    assert (await http.get("/v1/measures/smart-field")).json()["reifegrad"] == "pilot"
    await change(ask, "smart-field", reifegrad="umsetzung")
    lines = await asyncio.to_thread(apply_city, HALLE, database_url)
    assert "measures: 3 (0 new or changed, 0 retired)" in lines


async def test_what_the_folder_has_no_more_is_retired_and_staffs_own_stay(
    http: httpx.AsyncClient, ask: Ask, database_url: str, tmp_path: Path
) -> None:
    own = form((await http.get("/v1/measures/smart-field")).json()) | {"measure_id": "eigene"}
    made = await ask("POST", "/v1/measures", "registry:write", json={"measure": own, **WHY})
    assert (made.status_code, made.headers["location"]) == (201, "/v1/measures/eigene")
    again = await ask("POST", "/v1/measures", "registry:write", json={"measure": own, **WHY})
    assert again.status_code == 409
    folder = tmp_path / "halle"
    shutil.copytree(HALLE, folder)
    file = folder / "registry/measures.yaml"
    text = file.read_text(encoding="utf-8")
    start = text.index("  - subproject_id: skatespotting")
    end = text.index("  - subproject_id: wettbewerb-smart-neustadt")
    file.write_text(text[:start] + text[end:], encoding="utf-8")
    lines = await asyncio.to_thread(apply_city, folder, database_url)
    assert "subprojects: 20 (0 new or changed, 1 retired)" in lines
    assert (await http.get("/v1/subprojects/skatespotting")).status_code == 404
    assert (await http.get("/v1/measures/eigene")).status_code == 200
    await asyncio.to_thread(apply_city, HALLE, database_url)
    assert (await http.get("/v1/subprojects/skatespotting")).status_code == 200


async def test_changes_of_a_measure_are_never_lost_and_tell_what_was_before(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    path = "/v1/measures/integrierte-mobilitaet"
    read = await http.get(path)
    body = {"measure": form(read.json()) | {"state": "abgeschlossen"}, **WHY}
    assert (await ask("PUT", path, "registry:write", json=body)).status_code == 428
    headers = {"if-match": read.headers["etag"]}
    first = await ask("PUT", path, "registry:write", json=body, headers=headers)
    assert first.json()["state"] == "abgeschlossen"
    late = await ask("PUT", path, "registry:write", json=body, headers=headers)
    assert late.status_code == 412
    assert (await ask("PUT", path, "registry:rate", json=body, headers=headers)).status_code == 403
    history = (await ask("GET", f"{path}/changes", "registry:read")).json()["items"]
    assert [each["action"] for each in history] == ["created", "changed"]
    assert history[1]["details"] == {"state": {"before": "laufend", "after": "abgeschlossen"}}
    assert (history[1]["from_state"], history[1]["to_state"]) == ("laufend", "abgeschlossen")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"handlungsfelder": ["mobilitaet"]}, "handlungsfelder"),
        ({"mehrwerte": ["reichtum"]}, "mehrwerte"),
        ({"measure_id": "anders"}, "measure.measure_id"),
        ({"vermoegen": 1}, "measure.vermoegen"),
        ({"starts_on": "2027-01-01", "ends_on": "2026-01-01"}, "measure"),
    ],
)
async def test_a_measure_that_contradicts_itself_or_the_city_is_refused(
    ask: Ask, fields: dict[str, Any], field: str
) -> None:
    answer = await change(ask, "integrierte-mobilitaet", **fields)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_an_idea_enters_a_measure_after_it_was_taken_up(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    await move(ask, idea_id, "gesichtet")
    await rate_all(ask, idea_id)
    for state in ("bewertet", "geclustert", "im-workshop", "qualifiziert"):
        await move(ask, idea_id, state)
    assert (await move(ask, idea_id, "in-massnahme")).status_code == 409
    path = f"/v1/ideas/{idea_id}:adopt"
    wrong = await ask("POST", path, "registry:admin", headers=ANY, json={"subproject_id": "nichts", **WHY})  # fmt: skip
    assert wrong.status_code == 404
    both = {"subproject_id": "besetztgrad", "measure_id": "smart-field", **WHY}
    assert (await ask("POST", path, "registry:admin", headers=ANY, json=both)).status_code == 422
    body = {"subproject_id": "besetztgrad", **WHY}
    for _ in range(2):
        assert (
            await ask("POST", path, "registry:admin", headers=ANY, json=body)
        ).status_code == 200
    assert (await move(ask, idea_id, "in-massnahme")).json()["state"] == "in-massnahme"
    assert (await http.get("/v1/subprojects/besetztgrad")).json()["ideas"] == []
    await ask("POST", f"/v1/ideas/{idea_id}:publish", "registry:write", headers=ANY, json=WHY)
    shown = (await http.get("/v1/subprojects/besetztgrad")).json()["ideas"]
    assert shown == [{"idea_id": idea_id, "title": IDEA["title"]}]


async def test_effect_tells_before_and_after_with_a_warning(
    http: httpx.AsyncClient, database_url: str
) -> None:
    await asyncio.to_thread(
        enter_values, database_url,
        ("year", "2021-01-01", 58.0), ("year", "2022-01-01", 60.0), ("year", "2023-01-01", 99.0),
        ("year", "2024-01-01", 62.0),
    )  # fmt: skip
    answer = (await http.get("/v1/measures/integrierte-mobilitaet/effect")).json()
    assert "ursächlicher Zusammenhang" in answer["warning"]["de"]
    items = {each["indicator_id"]: each for each in answer["items"]}
    split = items["modal-split"]
    assert (split["effective_on"], split["period"], split["unit"]) == ("2023-07-01", "year", "%")
    assert (split["before"]["mean"], split["after"]["mean"], split["difference"]) == (
        59.0,
        62.0,
        3.0,
    )
    assert [each["period_start"] for each in split["before"]["values"]] == [
        "2021-01-01",
        "2022-01-01",
    ]
    assert split["before"]["least_completeness"] == 0.9
    assert split["reason"] is None
    assert items["mobilitaetsangebote"]["reason"] == "no_values"
    part = (await http.get("/v1/subprojects/besetztgrad/effect")).json()
    assert {each["reason"] for each in part["items"]} == {"no_values"}


async def test_views_tell_others_of_measures_and_of_published_ideas_only(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    first = (await submit(http))["idea_id"]
    await submit(http, title="Noch nicht öffentlich")
    await ask("POST", f"/v1/ideas/{first}:publish", "registry:write", headers=ANY, json=WHY)

    def read() -> tuple[list[Any], list[Any], list[Any]]:
        url = database_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url) as connection:
            connection.execute("set role opendata")
            ideas = connection.execute("select idea_id, state from registry.v1_idea").fetchall()
            measures = connection.execute(
                "select measure_id, handlungsfelder::text, reifegrad::text, state"
                " from registry.v1_measure where measure_id = 'integrierte-mobilitaet'"
            ).fetchall()
            parts = connection.execute(
                "select count(*), count(distinct subproject_id) from registry.v1_subproject"
            ).fetchall()
        return ideas, measures, parts

    ideas, measures, parts = await asyncio.to_thread(read)
    assert ideas == [(first, "eingereicht")]
    assert measures == [("integrierte-mobilitaet", "mobilitaet, bildung", "umsetzung", "laufend")]
    assert parts == [(23, 21)]


async def test_no_other_role_reads_a_table_of_the_registry(
    http: httpx.AsyncClient, database_url: str
) -> None:
    def tables() -> list[Any]:
        url = database_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url) as connection:
            return connection.execute(
                "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname = 'registry' and c.relkind = 'r'"
                " and has_table_privilege('opendata', c.oid, 'select')"
            ).fetchall()

    assert await asyncio.to_thread(tables) == []

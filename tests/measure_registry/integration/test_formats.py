# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from typing import Any

import orjson
import psycopg
import pytest

from measure_registry.forms.undertakings import MeasureForm
from measure_registry.outbox import outgoing
from measure_registry.storage import changes
from stadttakt_messages.topics import Topics
from support.asking import Ask, asker
from support.ideas import ANY, WHY, qualify, registry, submit

FORMAT: dict[str, Any] = {
    "title": {"de": "Werkstatt Parken", "en": "Workshop on parking"},
    "kind": "workshop",
    "held_on": "2026-03-05",
    "measures": ["integrierte-mobilitaet"],
    "partners": ["Stadtwerke", "Hochschule"],
    "participants": 24,
}


async def _make(ask: Ask, **changes: Any) -> dict[str, Any]:
    body = {"format": {**FORMAT, **changes}, **WHY}
    made = await ask("POST", "/v1/formats", "registry:write", json=body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def test_networking_formats_are_kept_counted_and_told_as_events(database_url: str) -> None:
    async with registry(database_url) as (http, _):
        ask = asker(http, database_url)
        first = await _make(ask)
        second = await _make(ask, held_on="2026-06-01", measures=[], kind="treffen")
        third = await _make(ask, held_on="2027-01-10")
        year = (await http.get("/v1/formats?since=2026-01-01&until=2027-01-01")).json()
        ids = [each["format_id"] for each in year["items"]]
        assert ids == [second["format_id"], first["format_id"]]
        page = (await http.get("/v1/formats?limit=1")).json()
        assert page["items"][0]["format_id"] == third["format_id"]
        further = await http.get(f"/v1/formats?limit=1&cursor={page['next_cursor']}")
        assert further.json()["items"][0]["format_id"] == second["format_id"]
        of = (await http.get("/v1/formats?measure_id=integrierte-mobilitaet")).json()["items"]
        assert {each["format_id"] for each in of} == {first["format_id"], third["format_id"]}

        path = f"/v1/formats/{first['format_id']}"
        body = {"format": {**FORMAT, "participants": 31}, **WHY}
        assert (await ask("PUT", path, "registry:write", json=body)).status_code == 428
        tag = (await http.get(path)).headers["etag"]
        changed = await ask("PUT", path, "registry:write", json=body, headers={"if-match": tag})
        assert changed.json()["participants"] == 31
        late = await ask("PUT", path, "registry:write", json=body, headers={"if-match": tag})
        assert late.status_code == 412
        gone = await ask("POST", f"/v1/formats/{second['format_id']}:cancel", "registry:write", headers=ANY, json=WHY)  # fmt: skip
        assert gone.json()["cancelled"]
        again = await ask("POST", f"/v1/formats/{second['format_id']}:cancel", "registry:write", headers=ANY, json=WHY)  # fmt: skip
        assert again.status_code == 409
        history = (await ask("GET", f"{path}/changes", "registry:read")).json()["items"]
        assert [each["action"] for each in history] == ["created", "changed"]
    with psycopg.connect(database_url) as connection:
        counted = connection.execute(
            "select format_id, kind, participants, partners, formats from registry.v1_network_format order by 1"
        ).fetchall()
    assert counted == [
        (first["format_id"], "workshop", 31, 2, 1),
        (second["format_id"], "treffen", 0, 0, 0),
        (third["format_id"], "workshop", 24, 2, 1),
    ]


async def test_views_and_events_tell_which_ideas_measures_took_up(database_url: str) -> None:
    async with registry(database_url) as (http, app):
        ask = asker(http, database_url)
        await _make(ask)
        idea_id = (await submit(http))["idea_id"]
        await qualify(ask, idea_id)
        adopted = {"measure_id": "integrierte-mobilitaet", **WHY}
        assert (await ask("POST", f"/v1/ideas/{idea_id}:adopt", "registry:admin", headers=ANY, json=adopted)).is_success  # fmt: skip
        async with app.state.database.connection() as connection:
            untold = await changes.untold(connection, 1000)
    events = [orjson.loads(outgoing(each, Topics("takt/v1")).payload) for each in untold]
    told = [(each["data"]["entity"], each["data"]["entity_id"], each["data"]["action"]) for each in events]  # fmt: skip
    assert {("idea", idea_id, "adopted"), ("measure", "integrierte-mobilitaet", "adopted"), ("format", "format-0001", "created")} < set(told)  # fmt: skip
    with psycopg.connect(database_url) as connection:
        took_up = connection.execute(
            "select ideas, projects from registry.v1_project where project_id = 'integrierte-mobilitaet'"
        ).fetchall()
        assert took_up == [(0, 1)]
        integrated = connection.execute(
            "select idea_id, kind, undertaking_id, adopted from registry.v1_adoption"
        ).fetchall()
        assert integrated == [(idea_id, "measure", "integrierte-mobilitaet", 0)]


async def test_day_that_a_format_or_project_was_moved_from_is_counted_anew(
    database_url: str,
) -> None:
    async with registry(database_url) as (http, _):
        ask = asker(http, database_url)
        path = f"/v1/formats/{(await _make(ask))['format_id']}"
        body = {"format": {**FORMAT, "held_on": "2026-04-01"}, **WHY}
        headers = {"if-match": "*"}
        assert (await ask("PUT", path, "registry:write", json=body, headers=headers)).is_success
        path = "/v1/measures/integrierte-mobilitaet"
        told = (await http.get(path)).json()
        names = set(MeasureForm.model_fields)
        measure = {name: value for name, value in told.items() if name in names}
        body = {"measure": {**measure, "starts_on": "2024-01-01"}, **WHY}
        changed = await ask("PUT", path, "registry:write", json=body, headers=headers)
        assert changed.status_code == 200, changed.text
    with psycopg.connect(database_url) as connection:
        days = "select held_on::text, formats from registry.v1_network_format order by 1"
        assert connection.execute(days).fetchall() == [("2026-03-05", 0), ("2026-04-01", 1)]
        days = "select starts_on::text, projects from registry.v1_project where project_id = 'integrierte-mobilitaet' order by 1"
        assert connection.execute(days).fetchall() == [("2023-07-01", 0), ("2024-01-01", 1)]


@pytest.mark.parametrize(
    "changes",
    [
        {"measures": ["keine"]},
        {"held_on": "gestern"},
        {"participants": -1},
        {"title": {"de": "Nur deutsch"}},
        {"persons": ["Emilie Geheimrat"]},
    ],
)
async def test_what_a_format_cannot_say_is_refused_by_field(
    database_url: str, changes: dict[str, Any]
) -> None:
    async with registry(database_url) as (http, _):
        ask = asker(http, database_url)
        body = {"format": {**FORMAT, **changes}, **WHY}
        refused = await ask("POST", "/v1/formats", "registry:write", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
        assert (await http.get("/v1/formats")).json()["items"] == []
        assert (await http.post("/v1/formats", json=body)).status_code == 401

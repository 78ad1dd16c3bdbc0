# SPDX-License-Identifier: EUPL-1.2
"""Measures, sub-projects and places as files, with what their columns mean."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator

import httpx
import pytest

from support.asking import Ask
from support.ideas import ANY, IDEA, WHY, registry, submit


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with registry(database_url, public_url="https://stadt.example/ideen") as (client, _):
        yield client


async def test_measures_and_sub_projects_are_files_whose_columns_are_described(
    http: httpx.AsyncClient,
) -> None:
    for what, key, count in (("measures", "measure_id", 3), ("subprojects", "subproject_id", 21)):
        answer = await http.get(f"/v1/export/{what}.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        link = answer.headers["link"]
        assert link.startswith(f"</ideen/v1/export/{what}.csv-metadata.json>")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        described = (await http.get(f"/v1/export/{what}.csv-metadata.json")).json()
        columns = described["tableSchema"]["columns"]
        assert [each["name"] for each in columns] == list(rows[0])
        assert all(
            each["dc:description"]["de"] and each["dc:description"]["en"] for each in columns
        )
        assert (described["tableSchema"]["primaryKey"], len(rows)) == (key, count)
        told = (await http.get(f"/v1/export/{what}.json")).json()
        assert [each[key] for each in told] == [each[key] for each in rows]
        for row, whole in zip(rows, told, strict=True):
            assert row["handlungsfelder"].split("|") == whole["handlungsfelder"]
            assert int(row["milestones"]) == len(whole["milestones"])
    measure = rows_by(await http.get("/v1/export/measures.csv"), "measure_id")[
        "integrierte-mobilitaet"
    ]
    assert measure["subprojects"].split("|") == ["karrierebus", "stadtbildung", "besetztgrad"]
    assert (measure["milestones"], measure["milestones_reached"], measure["next_milestone_on"]) == (
        "2", "1", "2027-06-30",
    )  # fmt: skip
    assert measure["url"] == "https://stadt.example/ideen/massnahme/integrierte-mobilitaet"
    assert (await http.get("/v1/export/nichts.csv")).status_code == 422


def rows_by(answer: httpx.Response, key: str) -> dict[str, dict[str, str]]:
    return {row[key]: row for row in csv.DictReader(io.StringIO(answer.text))}


async def test_places_are_geojson_of_what_is_public(http: httpx.AsyncClient, ask: Ask) -> None:
    here = (await submit(http))["idea_id"]
    await submit(http, title="Noch nicht öffentlich")
    nowhere = (await submit(http, title="Ohne Ort", place={"name": "überall"}))["idea_id"]
    for each in (here, nowhere):
        await ask("POST", f"/v1/ideas/{each}:publish", "registry:write", headers=ANY, json=WHY)
    answer = await http.get("/v1/export.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    features = {each["id"]: each for each in answer.json()["features"]}
    ideas = [each for each in features.values() if each["properties"]["kind"] == "idea"]
    assert [each["properties"]["id"] for each in ideas] == [here]
    assert ideas[0]["geometry"] == {"type": "Point", "coordinates": [11.9673, 51.4872]}
    pilot = features["pilot/friedemann-bach-platz"]["properties"]
    assert (pilot["of"], pilot["state"]) == ("integrierte-mobilitaet", "nicht_angegeben")
    assert pilot["url"] == "https://stadt.example/ideen/massnahme/integrierte-mobilitaet"
    assert features["subproject/makerspace"]["properties"]["reifegrad"]


async def test_the_map_lists_what_its_filters_choose(http: httpx.AsyncClient, ask: Ask) -> None:
    one = (await submit(http, title="Bänke am Fluss"))["idea_id"]
    away = {"title": "In Berlin", "place": {"name": "Berlin", "lat": 52.5, "lon": 13.4}}
    paper = {**IDEA, **away, "channel": "paper"}
    far = (await ask("POST", "/v1/ideas", "registry:write", json=paper)).json()["idea_id"]
    for each in (one, far):
        await ask("POST", f"/v1/ideas/{each}:publish", "registry:write", headers=ANY, json=WHY)
    every = (await http.get("/karte")).text
    assert "Bänke am Fluss" in every
    assert "Pilotprojekt Friedemann-Bach-Platz" in every
    assert "In Berlin" not in every
    for query, idea, pilot in (("art=ideas", True, False), ("art=measures", False, True),
                               ("stand=eingereicht", True, False), ("stand=abgelehnt", False, False),
                               ("q=fluss", True, False), ("q=Pilotprojekt", False, True),
                               ("feld=wirtschaft", False, False), ("feld=mobilitaet", True, True),
                               ("prio=A", False, False)):  # fmt: skip
        page = (await http.get(f"/karte?{query}")).text
        assert ("Bänke am Fluss" in page, "Pilotprojekt Friedemann" in page) == (idea, pilot), query
    base = await http.get("/karte/basis.geojson")
    classes = {each["properties"]["class"] for each in base.json()["features"]}
    assert {"city", "stop"} <= classes
    same = await http.get("/karte/basis.geojson", headers={"if-none-match": base.headers["etag"]})
    assert same.status_code == 304
    policy = (await http.get("/karte")).headers["content-security-policy"]
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "script-src" not in (await http.get("/liste")).headers["content-security-policy"]


async def test_measures_are_listed_with_the_sub_projects_that_are_asked_for(
    http: httpx.AsyncClient,
) -> None:
    every = (await http.get("/massnahmen")).text
    for said in ("Integrierte Mobilität", "Makerspace", "Planungstool"):
        assert said in every
    some = (await http.get("/massnahmen?feld=mobilitaet&reif=umsetzung")).text
    assert ("Integrierte Mobilität" in some, "Makerspace" in some) == (True, False)
    assert "keine Maßnahme" in (await http.get("/massnahmen?q=gibt-es-nicht")).text


@pytest.mark.parametrize(
    ("page", "name", "filtered"),
    [
        ("/liste", "feld", "Thema"),
        ("/liste", "stand", "Stand"),
        ("/liste", "prio", "Priorität"),
        ("/massnahmen", "feld", "Thema"),
        ("/massnahmen", "reif", "Reifegrad"),
        ("/karte", "feld", "Thema"),
        ("/karte", "art", "Was"),
    ],
)
async def test_a_choice_that_there_is_not_is_told_over_an_empty_list(
    http: httpx.AsyncClient, ask: Ask, page: str, name: str, filtered: str
) -> None:
    one = (await submit(http, title="Bänke am Fluss"))["idea_id"]
    path = f"/v1/ideas/{one}:publish"
    assert (await ask("POST", path, "registry:write", headers=ANY, json=WHY)).is_success
    told = f"„zzz“ gibt es bei „{filtered}“ nicht (mehr)."
    every = (await http.get(page)).text
    listed = {"/massnahmen": "Makerspace"}.get(page, "Bänke am Fluss")
    assert (listed in every, told in every) == (True, False)
    answer = await http.get(f"{page}?{name}=zzz")
    assert (answer.status_code, listed in answer.text, told in answer.text) == (200, False, True)
    english = (await http.get(f"{page}?{name}=zzz&lang=en")).text
    assert "There is no “zzz” at" in english

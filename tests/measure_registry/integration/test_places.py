# SPDX-License-Identifier: EUPL-1.2
"""From a name in the form to a point on the map; staff put it right when they publish."""

from __future__ import annotations

from typing import Any

import httpx

from support.asking import Ask
from support.ideas import ANY, IDEA, WHY, submit
from support.staff_pages import Staff, logged_in

MARKET = {"name": "Marktplatz", "lat": 51.483, "lon": 11.97}


async def on_the_map(http: httpx.AsyncClient) -> dict[str, list[float]]:
    """Return the ideas on the public map: their places and where they lie."""
    found = (await http.get("/v1/export.geojson")).json()["features"]
    return {
        each["properties"]["place"]: each["geometry"]["coordinates"]
        for each in found
        if each["properties"]["kind"] == "idea"
    }


async def publish(staff: Staff, idea_id: str, **where: str) -> httpx.Response:
    """Publish on the staff page, with what its form has."""
    path = f"/intern/idee/{idea_id}"
    form = {**await staff.hidden(path), "action": "publish", "place_name": "", "lat": "", "lon": ""}
    return await staff.post(path, data={**form, **WHY, **where})


async def test_an_idea_that_names_a_listed_place_comes_to_the_map(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    assert MARKET in (await http.get("/v1/places")).json()["items"]
    for page in ("/", "/?lang=en"):
        assert '<option value="Marktplatz">' in (await http.get(page)).text
    taken = await submit(http, place={"name": " marktplatz"})
    await ask(
        "POST", f"/v1/ideas/{taken['idea_id']}:publish", "registry:write", headers=ANY, json=WHY
    )
    assert await on_the_map(http) == {"Marktplatz": [11.97, 51.483]}
    assert 'data-lat="51.483"' in (await http.get("/karte")).text


async def test_a_door_from_outside_is_no_point_on_the_map(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    door = {"name": "Bei mir", "lat": 51.4832178, "lon": 11.9715832}
    shown = (await submit(http, place=door))["idea_id"]
    idea = (await ask("GET", f"/v1/ideas/{shown}", "registry:read")).json()
    assert idea["place"] == {"name": "Bei mir", "lat": 51.483, "lon": 11.972}


async def test_free_text_is_put_on_the_map_when_staff_publish(
    http: httpx.AsyncClient, database_url: str, ask: Ask
) -> None:
    idea_id = (await submit(http, place={"name": "Hinterm Bäcker"}))["idea_id"]
    staff = await logged_in(http, database_url, "registry:write")
    page = await staff.get(f"/intern/idee/{idea_id}")
    assert 'value="Hinterm Bäcker" list="places"' in page.text
    wrong = await publish(staff, idea_id, place_name="Reileck", lat="Mitte", lon="11,9")
    assert wrong.status_code == 422
    assert ("Breite (zum Beispiel 51,48)" in wrong.text, 'value="Mitte"' in wrong.text) == (
        True,
        True,
    )
    half = await publish(staff, idea_id, place_name="Am Ufer", lat="51,4")
    assert half.status_code == 422
    assert await on_the_map(http) == {}
    done = await publish(staff, idea_id, place_name="Reileck")
    assert done.status_code == 303, done.text
    assert await on_the_map(http) == {"Reileck": [11.966, 51.495]}
    changes = (await ask("GET", f"/v1/ideas/{idea_id}/changes", "registry:read")).json()["items"]
    assert [each["action"] for each in changes] == ["submitted", "edited", "published"]


async def test_a_place_is_corrected_later_and_its_point_goes_with_the_name(
    http: httpx.AsyncClient, database_url: str
) -> None:
    idea_id = (await submit(http, place={"name": "Marktplatz"}))["idea_id"]
    staff = await logged_in(http, database_url, "registry:write")
    as_it_is: dict[str, Any] = {"place_name": "Marktplatz", "lat": "51.483", "lon": "11.97"}
    assert (await publish(staff, idea_id, **as_it_is)).status_code == 303
    for changed, said in (
        ({"place_name": "Zoo"}, {"Zoo": [11.97, 51.504]}),
        ({"place_name": "Am Bach", "lat": "51,5", "lon": "11,98"}, {"Am Bach": [11.98, 51.5]}),
        ({"place_name": "Am Bach", "lat": "", "lon": ""}, {}),
    ):
        again = await publish(staff, idea_id, **{**as_it_is, **changed}, action="place")
        assert again.status_code == 303, again.text
        assert await on_the_map(http) == said


async def test_a_rater_puts_nothing_on_the_map(
    http: httpx.AsyncClient, database_url: str, ask: Ask
) -> None:
    idea_id = (await submit(http, place={"name": "Marktplatz"}))["idea_id"]
    staff = await logged_in(http, database_url, "registry:rate")
    refused = await publish(staff, idea_id, place_name="Zoo", action="place")
    assert refused.status_code == 403
    idea = (await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")).json()
    assert idea["place"] == MARKET


async def test_a_correction_over_the_api_takes_the_point_of_the_list(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    path = f"/v1/ideas/{(await submit(http))['idea_id']}"
    body = {"place": {"name": "Marktplatz"}, **WHY}
    changed = await ask("PATCH", path, "registry:write", json=body, headers=ANY)
    assert changed.json()["place"] == MARKET


async def test_a_position_elsewhere_is_refused_to_citizens_and_shown_to_staff(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    away = {**IDEA, "place": {"name": "Berlin", "lat": 52.5, "lon": 13.4}}
    refused = await http.post("/v1/ideas", json=away)
    assert refused.status_code == 422
    (fault,) = refused.json()["errors"]
    assert (fault["field"], fault["code"]) == ("place", "outside_city")
    assert "check lat and lon, or tell only its name" in fault["detail"]
    paper = {**away, "channel": "paper"}
    taken = await ask("POST", "/v1/ideas", "registry:write", json=paper)
    assert taken.status_code == 201
    staff = await logged_in(http, database_url, "registry:write")
    hint = "Die Position liegt nicht in "
    assert hint in (await staff.get(f"/intern/idee/{taken.json()['idea_id']}")).text
    inside = (await submit(http, place={"name": "Ufer", "lat": 51.48, "lon": 11.97}))["idea_id"]
    assert hint not in (await staff.get(f"/intern/idee/{inside}")).text

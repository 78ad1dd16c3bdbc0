# SPDX-License-Identifier: EUPL-1.2
"""A city made from the template: its places are offered and lie on the map; one without any still takes ideas."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.asking import asker
from support.ideas import ANY, WHY, registry, submit
from support.staff_pages import logged_in

MUSTERSTADT = Path(__file__).parents[3] / "deploy/cities/musterstadt"


async def test_places_of_a_new_city_are_offered_and_lie_on_its_map(database_url: str) -> None:
    async with registry(database_url, city=MUSTERSTADT) as (http, _):
        ask = asker(http, database_url)
        offered = [each["name"] for each in (await http.get("/v1/places")).json()["items"]]
        assert offered == ["Bahnhof", "Marktplatz", "P+R Nord", "Stadtpark"]
        form = (await http.get("/")).text
        assert 'list="places"' in form
        assert '<option value="Stadtpark">' in form
        idea_id = (await submit(http, place={"name": "stadtpark"}, mehrwerte=[]))["idea_id"]
        path = f"/v1/ideas/{idea_id}:publish"
        assert (await ask("POST", path, "registry:write", headers=ANY, json=WHY)).is_success
        assert 'data-lat="49.7512"' in (await http.get("/karte")).text


async def test_a_city_without_a_list_of_places_takes_ideas_and_staff_put_them_on_the_map(
    database_url: str, tmp_path: Path
) -> None:
    city = tmp_path / "ort"
    shutil.copytree(MUSTERSTADT, city)
    (city / "registry/places.yaml").unlink()
    async with registry(database_url, city=city) as (http, _):
        assert (await http.get("/v1/places")).json()["items"] == []
        form = (await http.get("/")).text
        assert ('list="places"' in form, "<datalist" in form) == (False, False)
        idea_id = (await submit(http, place={"name": "Stadtpark"}, mehrwerte=[]))["idea_id"]
        staff = await logged_in(http, database_url, "registry:write")
        path = f"/intern/idee/{idea_id}"
        where = {"action": "publish", "place_name": "Stadtpark", "lat": "49,7512", "lon": "10,2166"}
        assert (await staff.send(path, form={**where, **WHY})).status_code == 303
        assert 'data-lat="49.7512"' in (await http.get("/karte")).text

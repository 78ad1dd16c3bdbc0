# SPDX-License-Identifier: EUPL-1.2
"""ETags follow what is told, If-Match the version: nobody reads something old, nobody loses a change."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from measure_registry.app import create_app
from measure_registry.settings import Settings
from support.asking import Ask
from support.ideas import ANY, WHY, qualify, submit


async def test_a_rating_gives_an_idea_another_tag_and_an_unchanged_one_is_held(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    path = f"/v1/ideas/{(await submit(http))['idea_id']}"
    first = (await ask("GET", path, "registry:read")).headers["etag"]
    held = await ask("GET", path, "registry:read", headers={"if-none-match": first})
    assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", first)
    rated = await ask(
        "PUT", f"{path}/ratings/mehrwert", "registry:rate", json={"rating": "erfuellt"}
    )
    assert rated.status_code == 200
    again = await ask("GET", path, "registry:read", headers={"if-none-match": first})
    assert again.status_code == 200
    assert again.headers["etag"] != first
    assert again.json()["ratings"][0]["votes"]


async def test_both_tags_of_a_version_may_change_it_and_an_older_may_not(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    path = f"/v1/ideas/{(await submit(http))['idea_id']}"
    first = (await ask("GET", path, "registry:read")).headers["etag"]
    await ask("PUT", f"{path}/ratings/mehrwert", "registry:rate", json={"rating": "offen"})
    body: dict[str, Any] = {"goal": "Ruhe", **WHY}
    changed = await ask("PATCH", path, "registry:write", json=body, headers={"if-match": first})
    assert changed.status_code == 200, changed.text
    late = await ask("PATCH", path, "registry:write", json=body, headers={"if-match": first})
    assert late.status_code == 412
    assert (await ask("PATCH", path, "registry:write", json=body)).status_code == 428


async def test_nobody_publishes_adopts_or_withdraws_what_they_have_not_read(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    old = {"if-match": '"v17"'}
    for deed in ("publish", "withdraw", "adopt"):
        path = f"/v1/ideas/{idea_id}:{deed}"
        body = {"measure_id": "integrierte-mobilitaet", **WHY} if deed == "adopt" else WHY
        blind = await ask("POST", path, "registry:admin", json=body)
        assert (blind.status_code, blind.json()["code"]) == (428, "version_needed")
        stale = await ask("POST", path, "registry:admin", json=body, headers=old)
        assert (stale.status_code, stale.json()["code"]) == (412, "version_changed")
        read = await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")
        assert read.json()["public"] == (deed == "withdraw")
        fresh = {"if-match": read.headers["etag"]}
        done = await ask("POST", path, "registry:admin", json=body, headers=fresh)
        assert done.status_code == (409 if deed == "adopt" else 200)


async def test_moves_and_ratings_need_no_version_but_hold_to_one_that_is_named(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    path = f"/v1/ideas/{(await submit(http))['idea_id']}"
    old, move, rating = {"if-match": '"v9"'}, {"to": "gesichtet", **WHY}, {"rating": "erfuellt"}
    stale = await ask("POST", f"{path}/transitions", "registry:admin", json=move, headers=old)
    assert stale.status_code == 412
    rated = await ask("PUT", f"{path}/ratings/mehrwert", "registry:rate", json=rating, headers=old)
    assert rated.status_code == 412
    assert (await ask("POST", f"{path}/transitions", "registry:admin", json=move)).is_success
    assert (await ask("PUT", f"{path}/ratings/mehrwert", "registry:rate", json=rating)).is_success


async def test_a_measure_that_takes_up_an_idea_has_another_tag(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    idea_id = (await submit(http))["idea_id"]
    await qualify(ask, idea_id)
    path = "/v1/measures/integrierte-mobilitaet"
    first = (await ask("GET", path, "registry:read")).headers["etag"]
    body = {"measure_id": "integrierte-mobilitaet", **WHY}
    await ask("POST", f"/v1/ideas/{idea_id}:adopt", "registry:admin", headers=ANY, json=body)
    now = await ask("GET", path, "registry:read", headers={"if-none-match": first})
    assert (now.status_code, [each["idea_id"] for each in now.json()["ideas"]]) == (200, [idea_id])
    held = await ask("GET", path, "registry:read", headers={"if-none-match": now.headers["etag"]})
    assert held.status_code == 304


LISTS = ("/v1/ideas", "/v1/export.csv", "/v1/export.json", "/v1/export.geojson")


@pytest.mark.parametrize("path", LISTS)
async def test_who_has_a_list_or_export_is_sent_it_again_only_where_something_of_it_changed(
    http: httpx.AsyncClient, ask: Ask, path: str
) -> None:
    idea_id, other = [(await submit(http))["idea_id"] for _ in range(2)]
    await ask("POST", f"/v1/ideas/{idea_id}:publish", "registry:write", headers=ANY, json=WHY)
    first = await http.get(path)
    held = {"if-none-match": first.headers["etag"]}
    await ask("PATCH", f"/v1/ideas/{other}", "registry:write", headers=ANY,
              json={"title": "Noch nicht öffentlich", **WHY})  # fmt: skip
    again = await http.get(path, headers=held)
    assert (again.status_code, again.content) == (304, b"")
    await ask("PATCH", f"/v1/ideas/{idea_id}", "registry:write", headers=ANY,
              json={"title": "Ein anderer Titel", **WHY})  # fmt: skip
    changed = await http.get(path, headers=held)
    assert (changed.status_code, "Ein anderer Titel" in changed.text) == (200, True)
    for_staff = await ask("GET", path, "registry:read", headers={"if-none-match": changed.headers["etag"]})  # fmt: skip
    assert for_staff.status_code == (304 if path.endswith("geojson") else 200)


@pytest.mark.parametrize("path", LISTS)
async def test_who_keeps_a_list_is_sent_it_again_where_one_idea_went_and_another_came(
    http: httpx.AsyncClient, ask: Ask, path: str
) -> None:
    one, other = [(await submit(http, title=f"Idee Nummer {n}"))["idea_id"] for n in (1, 2)]
    deed = {"headers": ANY, "json": WHY}
    assert (await ask("POST", f"/v1/ideas/{one}:publish", "registry:write", **deed)).is_success
    first = await http.get(path)
    assert ("Idee Nummer 1" in first.text, "Idee Nummer 2" in first.text) == (True, False)
    assert (await ask("POST", f"/v1/ideas/{one}:withdraw", "registry:write", **deed)).is_success
    assert (await ask("POST", f"/v1/ideas/{other}:publish", "registry:write", **deed)).is_success
    again = await http.get(path, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 200
    assert ("Idee Nummer 1" in again.text, "Idee Nummer 2" in again.text) == (False, True)


def test_every_change_that_could_overwrite_another_says_so_in_the_document() -> None:
    document = create_app(Settings()).openapi()
    needed = {
        f"{verb} {path}"
        for path, verbs in document["paths"].items()
        for verb, said in verbs.items()
        if "428" in said.get("responses", {})
    }
    assert needed == {
        "patch /v1/ideas/{idea_id}", "post /v1/ideas/{idea_id}:merge", "post /v1/ideas/{idea_id}:split",
        "post /v1/ideas/{idea_id}:redact", "put /v1/measures/{measure_id}",
        "put /v1/subprojects/{subproject_id}", "put /v1/formats/{format_id}",
        "post /v1/formats/{format_id}:cancel", "post /v1/ideas/{idea_id}:publish",
        "post /v1/ideas/{idea_id}:withdraw", "post /v1/ideas/{idea_id}:adopt",
        "post /v1/ideas/{idea_id}:release",
    }  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/v1/measures",
        "/v1/subprojects?handlungsfeld=mobilitaet",
        "/v1/export/measures.csv",
        "/v1/export/subprojects.json",
    ],
)
async def test_lists_and_files_of_measures_are_held_until_one_says_something_else(
    http: httpx.AsyncClient, ask: Ask, path: str
) -> None:
    first = await http.get(path)
    condition = {"if-none-match": first.headers["etag"]}
    held = await http.get(path, headers=condition)
    assert (held.status_code, held.content) == (304, b"")
    kind = "subproject" if "subprojects" in path else "measure"
    name = "besetztgrad" if kind == "subproject" else "integrierte-mobilitaet"
    one = f"/v1/{kind}s/{name}"
    said = (await ask("GET", one, "registry:write")).json()
    own = {"version", "changed_at", "subprojects", "ideas"}
    form = {key: value for key, value in said.items() if key not in own}
    body = {kind: {**form, "title": {"de": f"Anders für {path}", "en": "Other"}}, **WHY}
    changed = await ask("PUT", one, "registry:write", json=body, headers=ANY)
    assert changed.is_success, changed.text
    again = await http.get(path, headers=condition)
    assert (again.status_code, again.headers["etag"] != first.headers["etag"]) == (200, True)

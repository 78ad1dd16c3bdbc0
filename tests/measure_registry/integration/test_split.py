# SPDX-License-Identifier: EUPL-1.2
"""Ideas that are split: what becomes of the parts, and what of the whole."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import psycopg
import pytest

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


async def test_everybody_reads_that_an_idea_is_split_and_finds_its_parts(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    taken = await submit(http)
    whole, publish = taken["idea_id"], {"headers": ANY, "json": WHY}
    assert (await ask("POST", f"/v1/ideas/{whole}:publish", "registry:write", **publish)).is_success
    body = {"parts": [{**IDEA, "title": f"Teil {n} der Idee"} for n in (1, 2)], **WHY}
    made = await ask("POST", f"/v1/ideas/{whole}:split", "registry:write", headers=ANY, json=body)
    parts = [each["idea_id"] for each in made.json()["items"]]
    path = f"/v1/ideas/{parts[0]}:publish"
    assert (await ask("POST", path, "registry:write", **publish)).is_success
    page = (await http.get(f"/idee/{whole}")).text
    tags, rest = page.split("</h1>")[1].split("</p>", 1)
    assert ('<span class="tag">geteilt</span>' in tags, "eingereicht" in tags) == (True, False)
    became = rest.split("<h2>Geht weiter in</h2>")[1].split("</section>")[0]
    assert [each for each in parts if f'href="/idee/{each}"' in became] == parts[:1]
    assert "<strong>geteilt</strong>" in rest
    assert '<span class="tag">geteilt</span>' in (await http.get("/liste")).text
    part = (await http.get(f"/idee/{parts[0]}")).text
    assert ("Geht weiter in" in part, f'href="/idee/{whole}"' in part) == (False, True)
    status = (await http.get(f"/stand/{taken['status_token']}")).text
    assert f'href="/idee/{parts[0]}"' in status
    assert "<strong>geteilt</strong>" in status


async def test_a_merged_idea_says_so_and_where_it_goes_on_once_that_is_public(
    http: httpx.AsyncClient, ask: Ask
) -> None:
    one, other = [(await submit(http))["idea_id"] for _ in range(2)]
    publish = {"headers": ANY, "json": WHY}
    assert (await ask("POST", f"/v1/ideas/{one}:publish", "registry:write", **publish)).is_success
    body = {"into": other, **WHY}
    merged = await ask("POST", f"/v1/ideas/{one}:merge", "registry:write", headers=ANY, json=body)
    assert merged.is_success
    page = (await http.get(f"/idee/{one}")).text
    assert '<span class="tag">zusammengeführt</span>' in page
    assert "noch nicht öffentlich" in page
    assert (await ask("POST", f"/v1/ideas/{other}:publish", "registry:write", **publish)).is_success
    page = (await http.get(f"/idee/{one}")).text
    assert "noch nicht öffentlich" not in page
    assert f'href="/idee/{other}"' in page.split("<h2>Geht weiter in</h2>")[1]


async def _publish(ask: Ask, idea_id: str) -> None:
    path = f"/v1/ideas/{idea_id}:publish"
    assert (await ask("POST", path, "registry:write", headers=ANY, json=WHY)).is_success


async def _split(ask: Ask, idea_id: str) -> list[str]:
    body = {"parts": [{**IDEA, "title": f"Teil {n} der Idee"} for n in (1, 2)], **WHY}
    path = f"/v1/ideas/{idea_id}:split"
    made = await ask("POST", path, "registry:write", headers=ANY, json=body)
    return [each["idea_id"] for each in made.json()["items"]]


async def _merged(ask: Ask, idea_id: str, http: httpx.AsyncClient) -> list[str]:
    other: str = (await submit(http))["idea_id"]
    body = {"into": other, **WHY}
    path = f"/v1/ideas/{idea_id}:merge"
    assert (await ask("POST", path, "registry:write", headers=ANY, json=body)).is_success
    return [other]


def _viewed(database_url: str) -> list[Any]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "select goes_on, goes_on_in, merged_into from registry.v1_idea where idea_id = 'idea-0001'"
        ).fetchall()


@pytest.mark.parametrize("how", ["split", "merged"])
async def test_lists_files_and_the_view_say_that_an_idea_goes_on_and_where_as_far_as_that_is_public(
    http: httpx.AsyncClient, ask: Ask, database_url: str, how: str
) -> None:
    whole = (await submit(http))["idea_id"]
    await _publish(ask, whole)
    others = await (_split(ask, whole) if how == "split" else _merged(ask, whole, http))
    into = others[0] if how == "merged" else None

    async def told(path: str) -> list[Any]:
        answer = (await http.get(path)).json()
        rows = (
            answer["items"]
            if "items" in answer
            else answer
            if isinstance(answer, list)
            else [answer]
        )
        (row,) = [each for each in rows if each["idea_id"] == whole]
        return [row["goes_on"], row["goes_on_in"], row["merged_into"]]

    paths = ("/v1/ideas", f"/v1/ideas/{whole}", "/v1/export.json")
    assert [await told(path) for path in paths] == [[True, [], None]] * 3
    assert _viewed(database_url) == [(True, None, None)]
    staff = (await ask("GET", f"/v1/ideas/{whole}", "registry:admin")).json()
    assert (staff["goes_on_in"], staff["merged_into"], staff["transitions"]) == (others, into, [])
    await _publish(ask, others[0])
    assert [await told(path) for path in paths] == [[True, others[:1], into]] * 3
    assert _viewed(database_url) == [(True, others[0], into)]
    await _files_say_so(http, whole, others[0], how)
    # of whoever asks for a state, those that stand there are told, and these alone
    standing = (await http.get("/v1/ideas?state=eingereicht")).json()["items"]
    assert [each["idea_id"] for each in standing] == others[:1]
    page = (await http.get("/liste?stand=eingereicht")).text
    assert [each for each in (whole, others[0]) if f"/idee/{each}" in page] == others[:1]
    assert f"/idee/{whole}" in (await http.get("/liste")).text


async def _files_say_so(http: httpx.AsyncClient, whole: str, other: str, how: str) -> None:
    rows = {
        each["idea_id"]: each
        for each in csv.DictReader(io.StringIO((await http.get("/v1/export.csv")).text))
    }
    assert (rows[whole]["goes_on"], rows[whole]["goes_on_in"]) == ("true", other)
    assert rows[whole]["merged_into"] == (other if how == "merged" else "")
    entries = {
        each["url"].rpartition("/")[2]: each
        for each in (await http.get("/feed.json")).json()["items"]
    }
    assert entries[whole]["tags"] == ["geteilt" if how == "split" else "zusammengeführt"]
    assert f'term="{how}"' in (await http.get("/feed.atom")).text


async def test_who_would_split_what_goes_on_already_is_sent_to_its_page(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    whole = (await submit(http))["idea_id"]
    staff = await logged_in(http, database_url, "registry:write")
    path = f"/intern/idee/{whole}/teilen"
    assert (await staff.get(path)).status_code == 200
    await _split(ask, whole)
    answer = await staff.get(path)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (
        303, f"/intern/idee/{whole}",
    )  # fmt: skip

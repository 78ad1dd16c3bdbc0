# SPDX-License-Identifier: EUPL-1.2
"""The feed tells what was published or changed last, however old an idea is."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import httpx
import orjson

from measure_registry.storage import ideas
from stadttakt_runtime.database import Database
from support.asking import Ask
from support.ideas import ANY, WHY, move, submit

FILL = """
insert into registry.idea (idea_id, version, title, summary, handlungsfeld, details, state, state_since,
                           submitted_at, changed_at, channel, pseudonym, published_at, search)
select 'idea-' || lpad(n::text, 4, '0'), 1, 'Idee ' || n, summary, handlungsfeld, details, state, state_since,
       submitted_at, changed_at + n * interval '1 microsecond', channel, pseudonym, published_at, search
  from registry.idea, generate_series(2, 52) as n where idea_id = 'idea-0001'
"""


async def _fill(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(FILL)
        await connection.execute("analyze registry.idea")


async def test_an_old_idea_that_changes_is_the_first_of_the_feed(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    first = (await submit(http))["idea_id"]
    publish = f"/v1/ideas/{first}:publish"
    assert (await ask("POST", publish, "registry:write", headers=ANY, json=WHY)).is_success
    async with Database.open(database_url, schema="registry", size=1) as database:
        await _fill(database)
    assert first not in (await http.get("/feed.json")).text
    assert (await move(ask, first, "gesichtet")).is_success
    items = (await http.get("/feed.json")).json()["items"]
    assert (items[0]["url"].rpartition("/")[2], items[0]["tags"]) == (first, ["gesichtet"])
    atom = ET.fromstring((await http.get("/feed.atom")).text)  # our own answer
    told = atom.findtext("a:entry/a:id", namespaces={"a": "http://www.w3.org/2005/Atom"})
    assert told is not None
    assert told.endswith(first)
    assert len(items) == 50


async def test_the_feed_reads_what_changed_last_by_its_index(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    first = (await submit(http))["idea_id"]
    publish = f"/v1/ideas/{first}:publish"
    await ask("POST", publish, "registry:write", headers=ANY, json=WHY)
    async with Database.open(database_url, schema="registry", size=1) as database:
        await _fill(database)
        async with database.connection() as connection:
            (row,) = await connection.fetch(f"explain (format json) {ideas._CHANGED_LAST}", 5)
    plan: dict[str, Any] = orjson.loads(row[0])[0]["Plan"]
    assert plan["Plans"][0]["Index Name"] == "idea_changed_last"


async def test_the_list_says_how_many_there_are_or_how_many_a_page_shows(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    first = (await submit(http))["idea_id"]
    publish = f"/v1/ideas/{first}:publish"
    await ask("POST", publish, "registry:write", headers=ANY, json=WHY)
    assert "<h2>Ideen: 1</h2>" in (await http.get("/liste")).text
    async with Database.open(database_url, schema="registry", size=1) as database:
        await _fill(database)
    assert "<h2>Ideen auf dieser Seite: 24</h2>" in (await http.get("/liste")).text
    assert "<h2>Ideen auf dieser Seite: 4</h2>" in (await http.get("/liste?vor=5")).text

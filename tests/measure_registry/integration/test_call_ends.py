# SPDX-License-Identifier: EUPL-1.2
"""A city that takes ideas during calls only, when one ends: what was begun before is taken, what was written is kept."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import httpx
import orjson
import pytest
from fastapi import FastAPI

from stadttakt_runtime.database import Database
from support.asking import Ask
from support.files import document
from support.idea_form import FIELDS, send
from support.ideas import registry

CLOSED = "Zurzeit nehmen wir keine Ideen an"
SUBMIT, SAVE = 'name="action" value="submit"', 'name="action" value="save"'
CALL = """
update registry.city_part
   set definition = definition || jsonb_build_object('needs_call', true, 'timezone', $1::text,
                                                     'calls', $2::jsonb)
 where part = 'intake'
"""
Site = tuple[httpx.AsyncClient, FastAPI]


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    async with registry(database_url) as both:
        yield both


@pytest.fixture
def http(site: Site) -> httpx.AsyncClient:
    return site[0]


def _two_o_clock() -> tuple[str, timezone]:
    """Return a zone in which it is between two and three in the night, whenever a test runs."""
    hours = 2 - datetime.now(tz=UTC).hour
    hours += 24 if hours < -12 else 0
    return f"Etc/GMT{-hours:+d}", timezone(timedelta(hours=hours))


async def _call_ends(database_url: str, days_ago: int) -> None:
    """Let the only call end so many days ago, 1 being last midnight; it is the second hour of the night."""
    name, zone = _two_o_clock()
    today = datetime.now(tz=zone).date()
    call = {"call_id": "nachts", "title": {"de": "Aufruf", "en": "Call"}, "text": {"de": "a", "en": "b"},
            "opens_on": today - timedelta(days=40), "closes_on": today - timedelta(days=days_ago)}  # fmt: skip
    async with (
        Database.open(database_url, schema="registry", size=1) as database,
        database.transaction() as connection,
    ):
        await connection.execute(CALL, name, orjson.dumps([call]).decode())


def _ago(site: Site, hours: float) -> str:
    stamp: str = site[1].state.stamp.at(datetime.now(tz=UTC) - timedelta(hours=hours))
    return stamp


async def test_a_form_begun_before_the_end_is_taken_some_hours_longer(
    site: Site, ask: Ask, database_url: str
) -> None:
    await _call_ends(database_url, 1)
    assert CLOSED in (await site[0].get("/")).text
    faulty = await send(site, begun=_ago(site, 5), title="")
    assert (faulty.status_code, CLOSED in faulty.text, SUBMIT in faulty.text) == (422, False, True)
    begun = re.search(r'name="begun" value="([^"]+)"', faulty.text)
    assert begun
    assert (await send(site, begun=begun[1])).status_code == 303
    (idea,) = (await ask("GET", "/v1/ideas", "registry:read")).json()["items"]
    assert idea["call_id"] == "nachts"
    late = await send(site, begun=_ago(site, 0.1))
    assert (late.status_code, CLOSED in late.text, FIELDS["summary"] in late.text) == (
        422,
        True,
        True,
    )
    assert (SUBMIT in late.text, SAVE in late.text) == (False, True)
    await _call_ends(database_url, 2)
    assert (await send(site, begun=_ago(site, 23))).status_code == 422


async def test_what_was_written_is_shown_and_can_be_saved_when_the_call_has_ended(
    site: Site, database_url: str
) -> None:
    await _call_ends(database_url, 0)
    page = (await site[0].get("/")).text
    assert "nehmen wir noch 6 Stunden länger an" in page
    plan = [("files", ("plan.pdf", document(), "application/pdf"))]
    saved = await send(site, action="save", files=plan)
    link = re.search(r"/entwurf/([\w-]+)", saved.text)
    assert link
    await _call_ends(database_url, 3)
    assert SAVE not in (await site[0].get("/")).text
    resumed = (await site[0].get(f"/entwurf/{link[1]}")).text
    for said in (CLOSED, FIELDS["summary"], "Anhang 1 (PDF", 'value="stadtstolz" checked', SAVE):
        assert said in resumed, said
    assert SUBMIT not in resumed
    more = await send(site, action="save", draft=link[1], summary="Noch ein Satz dazu, für später.")
    assert (more.status_code, SUBMIT in more.text) == (200, False)
    assert "Noch ein Satz dazu" in (await site[0].get(f"/entwurf/{link[1]}")).text


async def test_a_form_saved_before_the_end_is_taken_some_hours_longer(
    site: Site, database_url: str
) -> None:
    await _call_ends(database_url, 1)
    saved = await send(site, action="save", begun=_ago(site, 5))
    link = re.search(r"/entwurf/([\w-]+)", saved.text)
    assert link
    again = await send(site, action="save", draft=link[1])
    assert again.status_code == 200
    resumed = (await site[0].get(f"/entwurf/{link[1]}")).text
    assert (CLOSED in resumed, SUBMIT in resumed) == (False, True)
    assert (await send(site, draft=link[1])).status_code == 303

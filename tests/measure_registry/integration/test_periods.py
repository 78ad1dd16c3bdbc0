# SPDX-License-Identifier: EUPL-1.2
"""All that is kept of a person goes by itself, each after its period, as the clock moves on; the ideas stay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from measure_registry.desk import erasure
from measure_registry.storage import city
from support.asking import Ask, asker
from support.files import document
from support.ideas import IDEA, PERSON, move, registry
from support.postbox import taking_mails
from support.rows import dump

DRAFT_DAYS, AFTER_END, AT_MOST, MAIL_DAYS = 30, 180, 1460, 30
ANSWERS = "platform.idempotency"
SAVED = {"registry.draft", "registry.draft_attachment"}
OF_PERSON = {"registry.contact", "registry.attachment"}
MAIL = "registry.mail"


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[tuple[httpx.AsyncClient, FastAPI]]:
    with taking_mails() as (_, smtp_url):
        options = {"smtp_url": smtp_url, "public_url": "https://stadt.example"}
        async with registry(database_url, **options) as site:
            yield site


async def fill(http: httpx.AsyncClient, ask: Ask) -> str:
    """Leave everything that is kept of a person; return the idea's id."""
    body = {**IDEA, "contact": PERSON}
    taken = await http.post("/v1/ideas", json=body, headers={"idempotency-key": "once"})
    idea_id = str(taken.json()["idea_id"])
    kind = {"content-type": "application/pdf"}
    for each in ("file", "scan"):
        path = f"/v1/ideas/{idea_id}/attachments?kind={each}"
        added = await ask("POST", path, "registry:write", content=document(), headers=kind)
        assert added.status_code == 201
    saved = await http.post(
        "/",
        data={"action": "save", "title": "Noch nicht fertig", **PERSON},
        files=[("files", ("plan.pdf", document(), "application/pdf"))],
    )
    assert saved.status_code == 200
    return idea_id


async def left(app: FastAPI, database_url: str, **later: float) -> set[str]:
    """Forget what is due so much later; return the tables that still hold something of a person."""
    now = datetime.now(tz=UTC) + timedelta(**later)
    async with app.state.database.transaction() as connection:
        known = await city.read(connection)
        await erasure.forget(connection, known, now, mail_days=MAIL_DAYS)
    tables = await dump(database_url)
    return {name for name in (ANSWERS, *SAVED, *OF_PERSON, MAIL) if tables[name].strip()}


async def test_each_thing_goes_after_its_period_and_none_before(
    site: tuple[httpx.AsyncClient, FastAPI], database_url: str
) -> None:
    http, app = site
    ask = asker(http, database_url)
    idea_id = await fill(http, ask)
    everything = {ANSWERS, MAIL} | SAVED | OF_PERSON
    assert await left(app, database_url, hours=23) == everything
    assert await left(app, database_url, hours=25) == everything - {ANSWERS}
    assert await left(app, database_url, days=DRAFT_DAYS - 1) == {MAIL} | SAVED | OF_PERSON
    assert await left(app, database_url, days=DRAFT_DAYS + 1) == OF_PERSON
    assert await left(app, database_url, days=AT_MOST - 1) == OF_PERSON
    assert (await move(ask, idea_id, "abgelehnt")).is_success
    # told by a mail again, which goes with the contact data
    assert await left(app, database_url, days=1) == OF_PERSON | {MAIL}
    assert await left(app, database_url, days=AFTER_END - 1) == OF_PERSON
    assert await left(app, database_url, days=AFTER_END + 1) == set()
    idea = await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")
    assert idea.json()["title"] == IDEA["title"]


async def test_what_nobody_ended_goes_when_it_was_kept_as_long_as_may_be(
    site: tuple[httpx.AsyncClient, FastAPI], database_url: str
) -> None:
    http, app = site
    await fill(http, asker(http, database_url))
    assert await left(app, database_url, days=AT_MOST + 1) == set()

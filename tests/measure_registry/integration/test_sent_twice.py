# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from support.asking import Ask
from support.files import document, picture
from support.idea_form import send
from support.ideas import PERSON, registry
from support.rows import dump


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[tuple[httpx.AsyncClient, FastAPI]]:
    async with registry(database_url) as both:
        yield both


def once_of(page: httpx.Response) -> str:
    found = re.search(r'name="once" value="([\w-]{20,})"', page.text)
    assert found
    return found[1]


async def test_a_form_that_is_sent_twice_at_once_is_one_idea_with_one_receipt_and_one_mail(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask, database_url: str
) -> None:
    page = await site[0].get("/")
    photo = [("files", ("bank.jpg", picture(), "image/jpeg"))]
    once = once_of(page)
    first, second, third = await asyncio.gather(
        *(send(site, once=once, files=photo, **PERSON) for _ in range(3))
    )
    assert [each.status_code for each in (first, second, third)] == [303] * 3
    receipt = first.headers["location"]
    assert {each.headers["location"] for each in (second, third)} == {receipt}
    assert (await site[0].get(receipt)).status_code == 200
    kept = await dump(database_url)
    token = receipt.removeprefix("/stand/").partition("?")[0]
    assert [name for name, rows in kept.items() if token in rows] == []
    ideas = (await ask("GET", "/v1/ideas", "registry:read")).json()["items"]
    assert [each["idea_id"] for each in ideas] == ["idea-0001"]
    assert kept["registry.mail"].count("idea-0001") == 1


async def test_what_somebody_else_sends_or_what_was_changed_is_another_idea(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask
) -> None:
    first, second = [once_of(await site[0].get("/")) for _ in range(2)]
    assert first != second
    sent = [
        await send(site, once=first),
        await send(site, once=second),
        await send(site, once=first, title="Bänke am Wasser"),
        await send(site),
        await send(site),
    ]
    assert [each.status_code for each in sent] == [303] * 5
    assert len({each.headers["location"] for each in sent}) == 5
    faulty = await send(site, once=first, title="x")
    assert once_of(faulty) == first


async def test_a_saved_form_that_is_sent_twice_leads_to_the_same_receipt(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask
) -> None:
    saved = await send(site, action="save", files=[("files", ("p.pdf", document(), "x/y"))])
    draft = re.search(r"/entwurf/([\w-]+)", saved.text)
    assert draft
    sent = [await send(site, draft=draft[1], once=once_of(saved)) for _ in range(2)]
    assert len({each.headers["location"] for each in sent}) == 1
    listed = await ask("GET", "/v1/ideas/idea-0001/attachments", "registry:read")
    assert len(listed.json()["items"]) == 1


BROKEN = [("files", ("plan.pdf", b"%PDF-1.7 and nothing more", "application/pdf"))]


@pytest.mark.parametrize("action", ["submit", "save"])
async def test_an_hour_that_takes_no_more_is_told_before_files_cost_work(
    database_url: str, action: str
) -> None:
    async with registry(database_url, intake_per_hour=1) as site:
        refused = await send(site, action=action, files=BROKEN)
        assert (refused.status_code, 'id="files-fault"' in refused.text) == (422, True)
        taken = await send(site, action=action)
        assert taken.status_code in {200, 303}
        late = await send(site, action=action, files=BROKEN)
        assert (late.status_code, 'id="files-fault"' in late.text) == (429, False)


async def test_files_of_a_form_that_says_too_little_cost_no_work(
    site: tuple[httpx.AsyncClient, FastAPI],
) -> None:
    faulty = await send(site, title="x", files=BROKEN)
    assert faulty.status_code == 422
    assert ('id="title-fault"' in faulty.text, 'id="files-fault"' in faulty.text) == (True, False)


async def test_a_second_click_in_an_hour_that_takes_no_more_has_the_first_one_s_receipt(
    database_url: str,
) -> None:
    async with registry(database_url, intake_per_hour=1) as site:
        once = once_of(await site[0].get("/"))
        photo = [("files", ("bank.jpg", picture(), "image/jpeg"))]
        first, second = [await send(site, once=once, files=photo) for _ in range(2)]
        assert (first.status_code, second.status_code) == (303, 303)
        assert second.headers["location"] == first.headers["location"]
        assert (await send(site, once=once, title="Etwas anderes")).status_code == 429

# SPDX-License-Identifier: EUPL-1.2
"""Personal data in free texts are found, told, and taken out of texts, history and comments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from measure_registry.desk import erasure
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from support.asking import Ask, asker
from support.files import picture
from support.ideas import ANY, IDEA, PERSON, WHY, qualify, registry, submit
from support.rows import dump

TEXT = "Die Nachbarin Emilie Geheimrat (0345 4711-0815) hilft, ebenso Frau Sommerkorn."


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[tuple[httpx.AsyncClient, FastAPI]]:
    async with registry(database_url) as both:
        yield both


@pytest.fixture
def ask(site: tuple[httpx.AsyncClient, FastAPI], database_url: str) -> Ask:
    return asker(site[0], database_url)


async def told(ask: Ask, idea_id: str) -> set[tuple[str, str, str]]:
    answer = await ask("GET", f"/v1/ideas/{idea_id}/personal-data", "registry:write")
    return {
        (each["idea_id"], each["where"].partition(".")[0], each["text"])
        for each in answer.json()["items"]
    }


async def worked_on(ask: Ask, http: httpx.AsyncClient) -> str:
    """Submit an idea that names people, correct it, rate it, split it: its words are everywhere."""
    idea_id: str = (await submit(http, summary=TEXT, contact=PERSON))["idea_id"]
    path = f"/v1/ideas/{idea_id}"
    match = {"if-match": "*"}
    await ask(
        "PATCH", path, "registry:write", json={"goal": "Frau Sommerkorn", **WHY}, headers=match
    )
    await ask("PATCH", path, "registry:write", headers=match,
              json={"goal": "", "reason": "Frau Sommerkorn rief an"})  # fmt: skip
    await qualify(ask, idea_id)
    await ask("PUT", f"{path}/ratings/gemeinwohl", "registry:rate",
              json={"rating": "erfuellt", "comment": "sagt Emilie Geheimrat"})  # fmt: skip
    parts = [{"title": f"Teil {n}", "summary": TEXT, "handlungsfeld": "mobilitaet"} for n in "12"]
    made = await ask(
        "POST", f"{path}:split", "registry:write", headers=ANY, json={"parts": parts, **WHY}
    )
    assert made.status_code == 201, made.text
    part = f"/v1/ideas/{made.json()['items'][0]['idea_id']}"
    adopted = await ask("POST", f"{part}:adopt", "registry:admin", headers=ANY,
              json={"measure_id": "smart-field", "reason": "Frau Sommerkorn will es so"})  # fmt: skip
    assert adopted.is_success, adopted.text
    return idea_id


async def test_what_texts_history_and_comments_tell_is_found_and_taken_out_everywhere(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask, database_url: str
) -> None:
    http, _ = site
    idea_id = await worked_on(ask, http)
    found = await told(ask, idea_id)
    for one in ((idea_id, "summary", "Emilie Geheimrat"), (idea_id, "changes", "Frau Sommerkorn"),
                (idea_id, "ratings", "Emilie Geheimrat"), ("idea-0002", "summary", "Frau Sommerkorn"),
                ("idea-0003", "summary", "0345 4711-0815")):  # fmt: skip
        assert one in found, one
    body = {"passages": ["Emilie Geheimrat", "0345 4711-0815", "frau sommerkorn"], **WHY}
    assert (await http.post(f"/v1/ideas/{idea_id}:redact", json=body)).status_code == 401
    gone = await ask(
        "POST", f"/v1/ideas/{idea_id}:redact", "registry:write", headers=ANY, json=body
    )
    assert gone.json() == {"ideas": [idea_id, "idea-0002", "idea-0003"]}
    left = await told(ask, idea_id)
    assert left == set()
    idea = (await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")).json()
    assert idea["summary"] == "Die Nachbarin […] ([…]) hilft, ebenso […]."
    tables = await dump(database_url)
    for planted in ("Geheimrat", "Sommerkorn", "0815"):
        holding = {name for name, text in tables.items() if planted.lower() in text.lower()}
        assert not holding, planted
    again = await ask(
        "POST", f"/v1/ideas/{idea_id}:redact", "registry:write", headers=ANY, json=body
    )
    assert again.json() == {"ideas": []}
    short = {"passages": ["ab"], **WHY}
    refused = await ask(
        "POST", f"/v1/ideas/{idea_id}:redact", "registry:write", headers=ANY, json=short
    )
    assert refused.status_code == 422


async def test_a_status_link_stands_in_no_table(
    site: tuple[httpx.AsyncClient, FastAPI], database_url: str
) -> None:
    http, _ = site
    headers = {"idempotency-key": "6f0b7f2e"}
    first = await http.post("/v1/ideas", json=IDEA, headers=headers)
    token = first.json()["status_token"]
    hexed = token.encode().hex()
    tables = await dump(database_url)
    assert tables["platform.idempotency"]
    assert not {name for name, text in tables.items() if token in text or hexed in text}
    again = await http.post("/v1/ideas", json=IDEA, headers=headers)
    assert again.json()["status_token"] == token


async def test_search_forgets_what_was_taken_out(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask
) -> None:
    idea_id = (await submit(site[0], summary=TEXT))["idea_id"]
    found = await ask("GET", "/v1/ideas?q=Nachbarin", "registry:read")
    assert len(found.json()["items"]) == 1
    body = {"passages": ["Die Nachbarin Emilie"], **WHY}
    await ask("POST", f"/v1/ideas/{idea_id}:redact", "registry:write", headers=ANY, json=body)
    found = await ask("GET", "/v1/ideas?q=Nachbarin", "registry:read")
    assert found.json()["items"] == []


async def test_erasure_deletes_attachments_tells_what_is_left_and_redacts_where_asked(
    site: tuple[httpx.AsyncClient, FastAPI], ask: Ask, database_url: str
) -> None:
    http, app = site
    idea_id = (await submit(http, summary=TEXT, contact=PERSON))["idea_id"]
    kind = {"content-type": "image/jpeg"}
    path = f"/v1/ideas/{idea_id}/attachments"
    await ask("POST", path, "registry:write", content=picture(), headers=kind)

    async def erase(**options: Any) -> erasure.Erased:
        async with (
            Database.open(database_url, schema="registry", size=1) as database,
            database.transaction() as connection,
        ):
            return await erasure.erase(connection, erasure.Asked([idea_id]), cause="on request", now=utc_now(),
                                       vault=app.state.vault, **options)  # fmt: skip

    erased = await erase(redact=True)
    assert (erased.idea_ids, erased.attachments, erased.redacted) == ([idea_id], 1, [idea_id])
    assert [each.finding.text for each in erased.found] == ["Frau Sommerkorn"]
    assert (await ask("GET", path, "registry:read")).json()["items"] == []
    history = (await ask("GET", f"/v1/ideas/{idea_id}/changes", "registry:read")).json()["items"]
    assert [each["action"] for each in history][-3:] == ["contact_erased", "detached", "redacted"]
    idea = (await ask("GET", f"/v1/ideas/{idea_id}", "registry:read")).json()
    assert idea["summary"] == "Die Nachbarin […] ([…]) hilft, ebenso Frau Sommerkorn."

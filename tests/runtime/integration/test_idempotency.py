# SPDX-License-Identifier: EUPL-1.2
import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, Request
from starlette.responses import Response

from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database, create_app
from stadttakt_runtime.http.idempotency import Idempotent, forget_at
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.problem import Conflict
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.settings import ServiceSettings

router = APIRouter(prefix="/v1/notes")


class Note(WriteModel):
    text: str


class Noted(WriteModel):
    note_id: int
    text: str


@router.post("", status_code=201)
async def create(request: Request, note: Note, once: Idempotent) -> Response:
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        if known := await once.recall(connection):
            return known
        if note.text == "refused":
            raise Conflict("refused")
        note_id = await connection.fetchval(
            "insert into note (text) values ($1) returning note_id", note.text
        )
        await asyncio.sleep(0.1)
        answer = Noted(note_id=note_id, text=note.text)
        return await once.answer(connection, answer, 201, location=f"/v1/notes/{note_id}")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url, schema="kpi") as database:
        async with database.transaction() as connection:
            await connection.execute(
                "create table note (note_id int generated always as identity, text text)"
            )
        yield database


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        title="Test",
        description="",
        version="0",
        settings=ServiceSettings(),
        readiness=Readiness(),
        routers=[router],
    )
    attach_database(app, database)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def post(client: httpx.AsyncClient, text: str, key: str | None = "k1") -> httpx.Response:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return await client.post("/v1/notes", json={"text": text}, headers=headers)


async def count(database: Database) -> int:
    async with database.connection() as connection:
        found: int = await connection.fetchval("select count(*) from note")
        return found


async def test_repetition_gets_the_first_answer_and_creates_nothing(
    client: httpx.AsyncClient, database: Database
) -> None:
    first, again = await post(client, "a"), await post(client, "a")
    assert (first.status_code, first.json()) == (201, {"note_id": 1, "text": "a"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"] == "/v1/notes/1"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(database) == 1


async def test_a_kept_answer_can_be_read_by_who_repeats_the_request_alone(
    client: httpx.AsyncClient, database: Database
) -> None:
    first = await post(client, "geheimes Wort", "3b1f")
    async with database.connection() as connection:
        (kept,) = await connection.fetch("select * from platform.idempotency")
    assert kept["body"]
    assert not any(each in bytes(kept["body"]) for each in (b"geheim", b"note_id"))
    assert len(bytes(kept["body"])) > len(first.content)
    assert (await post(client, "geheimes Wort", "3b1f")).content == first.content


async def test_what_lies_at_a_path_is_forgotten(
    client: httpx.AsyncClient, database: Database
) -> None:
    first, second = await post(client, "a", "k1"), await post(client, "b", "k2")
    async with database.transaction() as connection:
        await forget_at(connection, [first.headers["location"]])
    assert (await post(client, "a", "k1")).json()["note_id"] == 3
    assert (await post(client, "b", "k2")).json() == second.json()


async def test_simultaneous_repetitions_create_one(
    client: httpx.AsyncClient, database: Database
) -> None:
    answers = await asyncio.gather(*(post(client, "a") for _ in range(5)))
    assert {answer.json()["note_id"] for answer in answers} == {1}
    assert await count(database) == 1


async def test_key_of_another_request_is_refused(client: httpx.AsyncClient) -> None:
    await post(client, "a")
    answer = await post(client, "b")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_without_a_key_or_with_another_each_request_creates(
    client: httpx.AsyncClient, database: Database
) -> None:
    for key in (None, None, "k1", "k2"):
        assert (await post(client, "a", key)).status_code == 201
    assert await count(database) == 4


async def test_failed_request_does_not_use_the_key_up(client: httpx.AsyncClient) -> None:
    assert (await post(client, "refused")).status_code == 409
    assert (await post(client, "a")).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "sp ace"])
async def test_impossible_key_is_a_problem(client: httpx.AsyncClient, key: str) -> None:
    assert (await post(client, "a", key)).status_code == 422


async def test_answers_are_forgotten_after_a_day(
    client: httpx.AsyncClient, database: Database
) -> None:
    await post(client, "a")
    async with database.transaction() as connection:
        await connection.execute(
            "update platform.idempotency set created_at = now() - interval '25 hours'"
        )
    assert (await post(client, "a")).json()["note_id"] == 2


async def test_a_service_does_not_see_the_answers_of_another(
    client: httpx.AsyncClient, database_url: str
) -> None:
    await post(client, "a")
    async with (
        Database.open(database_url, schema="uplink") as other,
        other.connection() as connection,
    ):
        assert await connection.fetchval("select count(*) from platform.idempotency") == 0

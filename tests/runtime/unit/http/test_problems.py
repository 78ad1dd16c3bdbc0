# SPDX-License-Identifier: EUPL-1.2
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Query

from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.problem import Conflict, NotFound, from_status
from support.http_app import in_process, make_app


class Thing(WriteModel):
    name: str
    places: int


router = APIRouter(prefix="/v1/things")


@router.post("")
async def create(thing: Thing) -> Thing:
    return thing


@router.get("/broken")
async def broken() -> None:
    raise RuntimeError("password=hunter2")


@router.get("/away")
async def away() -> None:
    raise ConnectionRefusedError(111, "Connect call failed")


@router.get("/{thing_id}")
async def read(thing_id: str, limit: Annotated[int, Query(le=10)] = 1) -> dict[str, Any]:
    if thing_id == "gone":
        raise NotFound("there is no thing gone", thing_id="gone")
    return {"thing_id": thing_id, "limit": limit}


@router.put("/{thing_id}")
async def replace(thing_id: str) -> None:
    raise Conflict(f"{thing_id} is closed", code="thing_closed")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(make_app(router)) as client:
        yield client


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    assert document["type"] == f"urn:problem-type:stadttakt:{document['code']}"
    return document


async def test_problem_carries_its_code_detail_and_members(client: httpx.AsyncClient) -> None:
    document = problem(await client.get("/v1/things/gone"))
    assert document == {
        "type": "urn:problem-type:stadttakt:not_found",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "there is no thing gone",
        "thing_id": "gone",
    }


async def test_code_of_a_problem_may_be_more_precise_than_its_class(
    client: httpx.AsyncClient,
) -> None:
    document = problem(await client.put("/v1/things/a"))
    assert (document["status"], document["code"]) == (409, "thing_closed")


async def test_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    assert problem(await client.get("/nowhere"))["code"] == "not_found"


async def test_wrong_method_names_all_methods_of_the_path(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/v1/things/a")
    assert problem(answer)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "GET, PUT"


async def test_validation_lists_every_field_without_echoing_its_value(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/v1/things", json={"name": 7, "mail": "a@example.org"})
    document = problem(answer)
    assert document["code"] == "validation_failed"
    assert {(one["in"], one["field"], one["code"]) for one in document["errors"]} == {
        ("body", "name", "string_type"),
        ("body", "places", "missing"),
        ("body", "mail", "extra_forbidden"),
    }
    assert "a@example.org" not in answer.text


async def test_query_outside_its_bounds_is_422(client: httpx.AsyncClient) -> None:
    document = problem(await client.get("/v1/things/a?limit=11"))
    assert document["detail"] == "query.limit: must be at most 10"


@pytest.mark.parametrize("media_type", ["text/csv", "application/x-www-form-urlencoded"])
async def test_foreign_media_type_is_415(client: httpx.AsyncClient, media_type: str) -> None:
    headers = {"content-type": media_type}
    answer = await client.post("/v1/things", content=b"name,places", headers=headers)
    assert problem(answer)["code"] == "unsupported_media_type"
    assert answer.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 422), (b"[]", 422), (b'"\xff"', 400), (b"[" * 900, 422)]
)
async def test_body_that_is_no_object_is_the_clients_fault(
    client: httpx.AsyncClient, body: bytes, status: int
) -> None:
    headers = {"content-type": "application/json"}
    answer = await client.post("/v1/things", content=body, headers=headers)
    assert problem(answer)["status"] == status


async def test_500_tells_nothing_but_an_instance(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/things/broken")
    document = problem(answer)
    assert document.pop("instance").startswith("urn:uuid:")
    assert document == {
        "type": "urn:problem-type:stadttakt:internal_server_error",
        "title": "Internal server error",
        "status": 500,
        "code": "internal_server_error",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_database_away_is_503_and_worth_another_try(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/things/away")
    assert problem(answer)["code"] == "unavailable"
    assert answer.headers["retry-after"] == "2"
    assert "Connect call" not in answer.text


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (413, "content_too_large"),
        (416, "range_not_satisfiable"),
        (418, "im_a_teapot"),
        (422, "unprocessable_content"),
    ],
)
def test_codes_do_not_depend_on_pythons_phrases(status: int, code: str) -> None:
    assert from_status(status).code == code

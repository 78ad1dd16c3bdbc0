# SPDX-License-Identifier: EUPL-1.2
from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter, Request

from support.http_app import make_app, served

router = APIRouter()


@router.post("/count")
async def count(request: Request) -> int:
    return len(await request.body())


@router.post("/json")
async def as_json(body: dict[str, str]) -> int:
    return len(body)


async def chunks(total: int) -> AsyncIterator[bytes]:
    for _ in range(total // 100):
        yield b"x" * 100


@pytest.mark.parametrize("path", ["/count", "/json"])
async def test_announced_body_over_the_limit_is_413(path: str) -> None:
    async with served(make_app(router)) as client:
        answer = await client.post(path, content=b"x" * 1025)
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")
    assert answer.json()["detail"] == "at most 1024 bytes are accepted"


@pytest.mark.parametrize("path", ["/count", "/json"])
async def test_chunked_body_over_the_limit_is_413(path: str) -> None:
    async with served(make_app(router)) as client:
        headers = {"content-type": "application/json"}
        answer = await client.post(path, content=chunks(1100), headers=headers)
    assert "transfer-encoding" in answer.request.headers
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")


async def test_body_of_exactly_the_limit_is_taken() -> None:
    async with served(make_app(router)) as client:
        announced = await client.post("/count", content=b"x" * 1024)
        chunked = await client.post("/count", content=chunks(1000))
    assert (announced.json(), chunked.json()) == (1024, 1000)

# SPDX-License-Identifier: EUPL-1.2
import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.http.hot import HotRoute
from stadttakt_runtime.http.problem import NotFound
from support.http_app import in_process, make_app, served

router = APIRouter(prefix="/v1/bays")


@router.get("/{bay_id}")
async def read(bay_id: str) -> str:
    return bay_id


@router.put("/{bay_id}")
async def write(bay_id: str, _who: Annotated[Principal, require("devices:write")]) -> str:
    return bay_id


@pytest.fixture
def app() -> FastAPI:
    return make_app(router)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(app) as client:
        yield client


async def test_live_says_only_that_the_process_answers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


async def test_ready_lists_what_is_missing_until_it_is_there(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    app.state.readiness.clear("broker", "connecting")
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.json()["missing"] == [
        {"condition": "database", "reason": "not reported yet"},
        {"condition": "broker", "reason": "connecting"},
    ]
    app.state.readiness.set("database")
    app.state.readiness.set("broker")
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_requests_are_counted_by_route_and_not_by_id(client: httpx.AsyncClient) -> None:
    labels = 'method="GET",route="/v1/bays/{bay_id}"'

    def counted(metrics: str) -> float:
        """Other tests of this process count too."""
        sample = rf"^stadttakt_http_requests_total\{{{re.escape(labels)},status=\"200\"\}} (\S+)$"
        found = re.search(sample, metrics, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    before = counted((await client.get("/metrics")).text)
    for bay_id in ("b1", "b2", "b3"):
        await client.get(f"/v1/bays/{bay_id}")
    await client.get("/wp-login.php")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert counted(answer.text) - before == 3
    assert f"stadttakt_http_request_duration_seconds_count{{{labels}}}" in answer.text
    assert 'route="unmatched",status="404"' in answer.text
    assert "wp-login" not in answer.text


async def test_hot_route_answers_before_all_others_and_is_measured_as_its_path() -> None:
    async def hot(request: Request) -> Response:
        if request.path_params["bay_id"] == "gone":
            raise NotFound
        return Response("hot")

    route = HotRoute("/v1/bays/{bay_id}", hot, methods=["GET"])
    async with in_process(make_app(router, hot_routes=(route,))) as client:
        assert (await client.get("/v1/bays/b1")).text == "hot"
        assert (await client.head("/v1/bays/b1")).status_code == 200
        assert (await client.get("/v1/bays/gone")).json()["code"] == "not_found"
        assert (await client.put("/v1/bays/b1")).status_code == 401
        assert (await client.delete("/v1/bays/b1")).headers["allow"] == "GET, PUT"
        assert "/v1/bays/{bay_id}" in (await client.get("/openapi.json")).json()["paths"]
        metrics = (await client.get("/metrics")).text
    assert 'method="HEAD",route="/v1/bays/{bay_id}",status="200"' in metrics


async def test_prometheus_may_ask_for_openmetrics(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert answer.text.endswith("# EOF\n")


async def test_write_without_a_key_is_401_with_a_challenge(client: httpx.AsyncClient) -> None:
    answer = await client.put("/v1/bays/b1")
    # Before the database is there no key can be checked, but a missing one is known.
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="stadttakt"'


async def test_key_cannot_be_checked_before_the_database_is_there(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.put("/v1/bays/b1", headers={"authorization": "Bearer stk_x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_every_answer_has_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/live", "/v1/bays/b1", "/nowhere", "/openapi.json"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_what_was_asked_for_with_a_key_is_kept_by_no_cache(client: httpx.AsyncClient) -> None:
    with_key = await client.get("/v1/bays/1", headers={"Authorization": "Bearer x"})
    assert with_key.headers["cache-control"] == "no-store"
    assert "cache-control" not in (await client.get("/v1/bays/1")).headers


async def test_pages_of_any_origin_may_read_but_not_write(client: httpx.AsyncClient) -> None:
    origin = {"origin": "https://example.org"}
    answer = await client.get("/v1/bays/b1", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    asked = {**origin, "access-control-request-method": "PUT"}
    assert (await client.options("/v1/bays/b1", headers=asked)).status_code == 400


async def test_docs_load_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert set(links) == {"docs/docs.css", "docs/docs.js", "openapi.json"}
    for link in links:
        asset = await client.get(f"/{link}")
        assert asset.status_code == 200
        assert "http://" not in asset.text.replace("http://test", "")


async def test_openapi_documents_problems_and_scopes(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/v1/bays/{bay_id}"]["put"]
    assert operation["security"] == [{"bearer": ["devices:write"]}]
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for status in ("401", "403", "422", "default"):
        assert operation["responses"][status]["content"] == {"application/problem+json": reference}
    assert "security" not in document["paths"]["/v1/bays/{bay_id}"]["get"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["Problem"]["required"] == [
        "type",
        "title",
        "status",
        "code",
    ]


async def test_references_of_the_openapi_document_resolve(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', str(document).replace("'", '"')))
    assert names <= document["components"]["schemas"].keys()
    assert "FieldError" in names


async def test_head_answers_as_get_does_without_a_body() -> None:
    streams = APIRouter(prefix="/v1/streams")
    ended: list[str] = []

    async def endless() -> AsyncIterator[str]:
        try:
            while True:
                yield "still here"
                await asyncio.sleep(0.01)
        finally:
            ended.append("stream")

    @streams.get("/{name}")
    async def stream(name: str) -> StreamingResponse:
        return StreamingResponse(endless(), headers={"etag": name})

    async with served(make_app(router, streams)) as client:
        got, head = await client.get("/v1/bays/7"), await client.head("/v1/bays/7")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
        assert (await client.head("/v1/nowhere")).status_code == 404
        assert (await client.head("/live")).status_code == 200
        assert (await client.head("/v1/streams/a")).headers["etag"] == "a"
        assert ended == ["stream"]
        counted = (await client.get("/metrics")).text
        assert (
            'requests_total{method="HEAD",route="/v1/streams/{name}",status="200"} 1.0' in counted
        )

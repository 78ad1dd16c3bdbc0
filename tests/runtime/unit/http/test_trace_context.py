# SPDX-License-Identifier: EUPL-1.2
"""One id joins what is logged about a request and what its sender is told."""

import httpx
import pytest
import structlog
from fastapi import APIRouter

from stadttakt_runtime.http.app import create_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.settings import ServiceSettings

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def client() -> httpx.AsyncClient:
    router = APIRouter(prefix="/v1/told")

    @router.get("")
    async def told() -> dict[str, str]:
        return {"trace_id": structlog.contextvars.get_contextvars()["trace_id"]}

    @router.get("/fault")
    async def fault() -> None:
        raise ZeroDivisionError

    app = create_app(
        title="t",
        description="d",
        version="1",
        settings=ServiceSettings(),
        readiness=Readiness(),
        routers=[router],
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_given_trace_goes_on_into_logs(client: httpx.AsyncClient) -> None:
    answer = await client.get(
        "/v1/told", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    )
    assert answer.json() == {"trace_id": TRACE}
    assert "traceresponse" not in answer.headers, "what may be cached is of no single request"


async def test_refusal_tells_the_trace_of_its_request(client: httpx.AsyncClient) -> None:
    answer = await client.get(
        "/v1/nothing", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    )
    assert answer.status_code == 404
    version, trace_id, span_id, flags = answer.headers["traceresponse"].split("-")
    assert (version, trace_id, flags) == ("00", TRACE, "00")
    assert len(bytes.fromhex(span_id)) == 8


@pytest.mark.parametrize(
    "given",
    [
        None,
        "nonsense",
        f"01-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-00f067aa0ba902b7-01\u00e4",
    ],
)
async def test_each_request_without_a_trace_has_its_own(
    client: httpx.AsyncClient, given: str | None
) -> None:
    headers = {"traceparent": given.encode("latin-1")} if given else {}
    found = {(await client.get("/v1/told", headers=headers)).json()["trace_id"] for _ in range(2)}
    assert len(found) == 2
    assert TRACE not in found


async def test_fault_is_logged_with_the_trace_of_its_request(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logged:
        answer = await client.get(
            "/v1/told/fault", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        )
    assert answer.status_code == 500
    (line,) = [each for each in logged if each["event"] == "request_failed"]
    assert line["trace_id"] == TRACE
    assert "trace_id" not in structlog.contextvars.get_contextvars()

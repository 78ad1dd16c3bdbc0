# SPDX-License-Identifier: EUPL-1.2
import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import cast

import pytest
from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse
from prometheus_client import REGISTRY

from stadttakt_runtime.http.app import drain
from stadttakt_runtime.http.sse import Broadcaster, Event, make_event
from support.http_app import make_app, served

PRESENT = make_event("1", '{"free": 3}')


def router_of(broadcaster: Broadcaster) -> APIRouter:
    router = APIRouter()

    async def replay(last_id: str | None) -> Sequence[Event]:
        return [] if last_id == PRESENT.event_id else [PRESENT]

    @router.get("/signs/{sign_id}/stream")
    async def stream(request: Request, sign_id: str) -> EventSourceResponse:
        return broadcaster.stream(request, sign_id, replay)

    return router


async def take(lines: AsyncIterator[str], count: int) -> list[str]:
    taken: list[str] = []
    async with asyncio.timeout(5):
        while len(taken) < count:
            line = await anext(lines)
            if line:
                taken.append(line)
    return taken


async def test_reader_gets_the_present_state_and_then_the_events_of_its_key() -> None:
    broadcaster = Broadcaster("test")
    app = make_app(router_of(broadcaster), broadcasters=(broadcaster,))
    async with served(app) as client, client.stream("GET", "/signs/a/stream") as answer:
        lines = answer.aiter_lines()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert await take(lines, 3) == [": ping", 'data: {"free": 3}', "id: 1"]
        broadcaster.publish("b", make_event("9", "other"))
        broadcaster.publish("a", PRESENT)
        broadcaster.publish("a", make_event("2", "two\nlines", name="state"))
        expected = ["event: state", "data: two", "data: lines", "id: 2"]
        assert await take(lines, 4) == expected
        drain(app)
        assert [line async for line in lines if line] == []


async def test_returning_reader_is_not_told_again_what_it_saw() -> None:
    broadcaster = Broadcaster("test")
    app = make_app(router_of(broadcaster), broadcasters=(broadcaster,))
    seen = {"last-event-id": "1"}
    async with (
        served(app) as client,
        client.stream("GET", "/signs/a/stream", headers=seen) as answer,
    ):
        lines = answer.aiter_lines()
        assert await take(lines, 1) == [": ping"]
        broadcaster.publish("a", make_event("2", "x"))
        assert await take(lines, 2) == ["data: x", "id: 2"]
        drain(app)


async def test_quiet_stream_beats() -> None:
    broadcaster = Broadcaster("test", heartbeat_s=0.05)
    app = make_app(router_of(broadcaster), broadcasters=(broadcaster,))
    async with served(app) as client, client.stream("GET", "/signs/a/stream") as answer:
        assert (await take(answer.aiter_lines(), 5))[3:] == [": ping", ": ping"]
        drain(app)


async def test_drained_service_is_not_ready_and_opens_no_stream() -> None:
    broadcaster = Broadcaster("test")
    app = make_app(router_of(broadcaster), broadcasters=(broadcaster,))
    app.state.readiness.set("database")
    async with served(app) as client:
        assert (await client.get("/ready")).status_code == 200
        drain(app)
        refused = await client.get("/signs/a/stream")
        missing = (await client.get("/ready")).json()["missing"]
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert missing == [{"condition": "process", "reason": "shutting down"}]


async def test_slow_reader_is_dropped_counted_and_holds_up_nobody() -> None:
    broadcaster = Broadcaster("slow-test", queue_events=4)

    async def nothing(_last_id: str | None) -> Sequence[Event]:
        return []

    request = Request({"type": "http", "headers": []})
    slow, quick = (
        cast("AsyncGenerator[bytes]", broadcaster.stream(request, "a", nothing).body_iterator)
        for _ in range(2)
    )
    await anext(slow)
    await anext(quick)
    received = []
    for number in range(6):
        broadcaster.publish("a", make_event(str(number), "x"))
        received.append(await anext(quick))
    assert b"".join(received) == b"".join(make_event(str(one), "x").wire for one in range(6))
    with pytest.raises(StopAsyncIteration):
        await anext(slow)
    labels = {"stream": "slow-test"}
    dropped = REGISTRY.get_sample_value("stadttakt_sse_dropped_clients_total", labels)
    assert dropped == 1
    await quick.aclose()
    assert REGISTRY.get_sample_value("stadttakt_sse_clients", labels) == 0


async def test_reader_over_the_limit_is_refused() -> None:
    broadcaster = Broadcaster("test", max_clients=1)
    app = make_app(router_of(broadcaster), broadcasters=(broadcaster,))
    async with served(app) as client, client.stream("GET", "/signs/a/stream") as answer:
        await take(answer.aiter_lines(), 1)
        assert (await client.get("/signs/a/stream")).status_code == 503
        drain(app)

# SPDX-License-Identifier: EUPL-1.2
"""Reading other services for pages: rarely, briefly, and never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from open_data_publisher.domain.portal import BaseMap
from open_data_publisher.places import Gazetteer
from open_data_publisher.places_file import PlacesFile
from open_data_publisher.upstream import (
    FORECAST,
    LINES,
    SCORECARD,
    STOPS,
    AwayError,
    Limits,
    MissingError,
    Upstream,
)
from support.http_app import served

LIMITS = Limits()


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Parking:
    """A service whose answers a test chooses; `asked` are the addresses it was asked for."""

    status: int = 200
    body: bytes = b'{"n": 1}'
    pages: dict[str, bytes] = field(default_factory=dict)
    wait_s: float = 0.0
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def asking(
    parking: Parking, clock: Clock, limits: Limits = LIMITS
) -> AsyncIterator[Upstream]:
    app = FastAPI()

    @app.get("/v1{rest:path}")
    async def answer(request: Request, rest: str) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        parking.asked.append(request.scope["raw_path"].decode() + query)
        await asyncio.sleep(parking.wait_s)
        body = parking.pages.get(request.query_params.get("cursor", ""), parking.body)
        return Response(body, parking.status, media_type="application/json")

    async with served(app) as client:
        address = str(client.base_url)
        addresses: dict[Any, str] = dict.fromkeys(["parking", "transit", "kpi"], address)
        yield Upstream(addresses, time=clock, limits=limits)


async def test_a_reading_is_kept_while_it_is_fresh() -> None:
    parking, clock = Parking(), Clock()
    async with asking(parking, clock) as upstream:
        assert (await upstream.read(FORECAST, lot_id="a/b")).body == {"n": 1}
        clock.now += FORECAST.fresh_s - 1
        parking.body = b'{"n": 2}'
        assert (await upstream.read(FORECAST, lot_id="a/b")).body == {"n": 1}
        clock.now += 1
        assert (await upstream.read(FORECAST, lot_id="a/b")).body == {"n": 2}
    assert parking.asked == ["/v1/lots/a%2Fb/forecast"] * 2


async def test_who_waits_gets_one_answer() -> None:
    parking = Parking(wait_s=0.05)
    async with asking(parking, Clock()) as upstream:
        readings = await asyncio.gather(*(upstream.read(SCORECARD) for _ in range(20)))
    assert [reading.body for reading in readings] == [{"n": 1}] * 20
    assert len(parking.asked) == 1


@pytest.mark.parametrize(("status", "body"), [(503, b"{}"), (200, b"<html>"), (302, b"{}")])
async def test_what_was_said_last_is_shown_for_a_while_and_then_no_more(
    status: int, body: bytes
) -> None:
    parking, clock = Parking(), Clock()
    async with asking(parking, clock) as upstream:
        await upstream.read(FORECAST, lot_id="a")
        parking.status, parking.body = status, body
        clock.now += FORECAST.usable_s - 1
        reading = await upstream.read(FORECAST, lot_id="a")
        assert (reading.body, reading.age_s) == ({"n": 1}, FORECAST.usable_s - 1)
        clock.now += 1
        with pytest.raises(AwayError):
            await upstream.read(FORECAST, lot_id="a")


async def test_a_service_that_fails_is_left_alone_for_a_moment() -> None:
    parking, clock = Parking(status=500), Clock()
    async with asking(parking, clock) as upstream:
        for _ in range(5):
            with pytest.raises(AwayError):
                await upstream.read(SCORECARD)
        assert len(parking.asked) == 1
        clock.now += Limits().pause_s
        parking.status = 200
        assert (await upstream.read(SCORECARD)).body == {"n": 1}


async def test_too_long_and_too_slow_answers_are_none() -> None:
    long = Parking(body=b"[" + b"1," * 5_000 + b"1]")
    async with asking(long, Clock(), Limits(max_bytes=1_000)) as upstream:
        with pytest.raises(AwayError):
            await upstream.read(SCORECARD)
    async with asking(Parking(wait_s=1.0), Clock(), Limits(timeout_s=0.3)) as upstream:
        with pytest.raises(AwayError):
            await upstream.read(SCORECARD)


async def test_what_does_not_exist_is_told_apart_from_a_service_that_is_away() -> None:
    parking, clock = Parking(status=404), Clock()
    async with asking(parking, clock) as upstream:
        for _ in range(3):
            with pytest.raises(MissingError):
                await upstream.read(FORECAST, lot_id="a")
        assert len(parking.asked) == 1
        clock.now += Limits().pause_s
        parking.status = 200
        assert (await upstream.read(FORECAST, lot_id="a")).body == {"n": 1}
    nobody = Upstream({"parking": "http://127.0.0.1:1"})
    with pytest.raises(AwayError):
        await nobody.read(FORECAST, lot_id="a")


async def test_a_list_is_read_to_its_end() -> None:
    parking = Parking(
        body=b'{"items": [1, 2], "next_cursor": "x"}',
        pages={"x": b'{"items": [3], "next_cursor": null}'},
    )
    async with asking(parking, Clock()) as upstream:
        assert (await upstream.read_items(STOPS)).body == [1, 2, 3]
    assert parking.asked == ["/v1/stops?limit=1000", "/v1/stops?limit=1000&cursor=x"]


async def test_only_so_many_addresses_are_kept() -> None:
    parking = Parking()
    async with asking(parking, Clock(), Limits(max_kept=3)) as upstream:
        for lot_id in "abcda":
            await upstream.read(FORECAST, lot_id=lot_id)
    assert len(parking.asked) == 5, "the first was forgotten"


async def test_places_are_made_once_for_each_reading() -> None:
    lines = {"line": "2", "long_name": "", "ends": {"0": "Markt"}}
    others = FastAPI()

    @others.get("/v1/{name}")
    def answer(name: str) -> dict[str, Any]:
        return {"items": [lines] if name == "lines" else [], "next_cursor": None}

    clock = Clock()
    async with served(others) as client:
        gazetteer = Gazetteer(Upstream({"transit": str(client.base_url)}, time=clock))
        first = await gazetteer.places()
        assert first.lines["2"].ends == {"0": "Markt"}
        file = PlacesFile(gazetteer, BaseMap())
        built = await file.now("de")
        assert (await gazetteer.places(), await file.now("de")) == (first, built)
        assert await gazetteer.places() is first
        assert await file.now("de") is built
        assert await file.now("en") is not built
        clock.now += LINES.fresh_s
        assert await gazetteer.places() is not first
        assert await file.now("de") is not built

# SPDX-License-Identifier: EUPL-1.2
"""The short way of polled feeds answers what the long way through the application answers."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from math import inf
from threading import Thread
from threading import enumerate as enumerate_threads
from time import sleep, time
from types import MappingProxyType
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI
from google.transit import gtfs_realtime_pb2

from open_data_publisher.app import create_app
from open_data_publisher.board import Board
from open_data_publisher.builder import FROZEN_AFTER_S, Builder
from open_data_publisher.domain.states import Entry
from open_data_publisher.feeds.catalogue import BY_ID, FEEDS, Feed
from open_data_publisher.shelf import Shelf, build
from stadttakt_runtime import clock
from stadttakt_runtime.clock import Clock, utc_now
from stadttakt_runtime.metrics import REQUESTS
from support.http_app import in_process
from support.open_data import PUBLICATION, lot, truth, vehicle

SITES = "/feeds/parkapi/v3/parking-sites"
LONG_WAY = {"by": "the-long-way"}
BROWSER = MappingProxyType({"origin": "https://elsewhere.example", "user-agent": "Mozilla/5.0"})


@pytest.fixture
def app() -> FastAPI:
    made = create_app()
    made.state.shelf.put(build(FEEDS, truth(), PUBLICATION), None, 0)
    return made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(app) as made:
        yield made


async def both_ways(
    client: httpx.AsyncClient, path: str, headers: Mapping[str, str], method: str = "GET"
) -> list[tuple[int, dict[str, Any], bytes]]:
    answers = [
        await client.request(method, path, headers={**BROWSER, **headers}, params=params)
        for params in ({}, LONG_WAY)
    ]
    return [(each.status_code, headers_of(each), each.content) for each in answers]


def headers_of(answer: httpx.Response) -> dict[str, str]:
    """Return the headers; the long way lets other origins read only where one is named, so it varies."""
    headers = dict(answer.headers)
    return {**headers, "vary": headers["vary"].removesuffix(", Origin")}


def date_of(answer: httpx.Response) -> datetime:
    return parsedate_to_datetime(answer.headers["last-modified"])


@pytest.mark.parametrize("path", [feed.path for feed in FEEDS])
@pytest.mark.parametrize("coding", ["gzip", "identity", "gzip;q=0", "br, *"])
async def test_both_ways_give_the_same_bytes_and_headers(
    client: httpx.AsyncClient, path: str, coding: str
) -> None:
    short, long = await both_ways(client, path, {"accept-encoding": coding})
    assert short == long
    assert short[0] == 200
    assert short[2]


@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"another", {}', "*"])
async def test_who_has_it_is_told_so_on_both_ways(
    client: httpx.AsyncClient, coding: str, form: str
) -> None:
    tag = (await client.get(SITES, headers={"accept-encoding": coding})).headers["etag"]
    headers = {"accept-encoding": coding, "if-none-match": form.format(tag)}
    short, long = await both_ways(client, SITES, headers)
    assert short == long
    assert (short[0], short[2]) == (304, b"")


async def test_the_tag_of_the_packed_bytes_is_not_that_of_the_plain_ones(
    client: httpx.AsyncClient,
) -> None:
    packed = (await client.get(SITES, headers={"accept-encoding": "gzip"})).headers["etag"]
    headers = {"accept-encoding": "identity", "if-none-match": packed}
    short, long = await both_ways(client, SITES, headers)
    assert short == long
    assert short[0] == 200


@pytest.mark.parametrize(
    ("since", "status"),
    [
        (timedelta(minutes=5), 304),
        (timedelta(minutes=-5), 200),
        ("yesterday", 200),
        ("Thu, 26 Nov 20261126202611262026 16:00:00 GMT", 200),
    ],
)
async def test_a_date_is_read_alike_on_both_ways(
    client: httpx.AsyncClient, since: timedelta | str, status: int
) -> None:
    if isinstance(since, timedelta):
        since = format_datetime(date_of(await client.get(SITES)) + since, usegmt=True)
    short, long = await both_ways(client, SITES, {"if-modified-since": since})
    assert short == long
    assert short[0] == status


async def test_only_the_headers_are_given_where_only_they_are_asked_for(
    client: httpx.AsyncClient,
) -> None:
    short, long = await both_ways(client, SITES, {}, "HEAD")
    assert short == long
    assert (short[0], short[2]) == (200, b"")
    assert int(short[1]["content-length"]) > 0


async def test_what_is_answered_the_short_way_is_counted_as_use_once(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    def answered() -> float:
        return REQUESTS.labels("GET", SITES, "200")._value.get()

    before = answered()
    for params in ({}, LONG_WAY):
        await client.get(SITES, params=params, headers=BROWSER)
    await client.head(SITES)
    ((key, number),) = app.state.tally.take().items()
    assert (key.subject.name, key.client.value, number) == (
        "parkapi-v3-parking-sites",
        "browser",
        2,
    )
    assert answered() - before == 2


async def test_a_feed_that_is_built_anew_is_served_anew(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    first = await client.get(SITES)
    unknown = lot(valid_until=datetime.now(tz=UTC) - timedelta(hours=2))
    then = datetime.now(tz=UTC) - timedelta(minutes=1)
    app.state.shelf.put(build(FEEDS, truth([unknown], at=then), PUBLICATION), None, 0)
    second = await client.get(SITES)
    assert second.headers["etag"] != first.headers["etag"]
    assert [item["realtime_opening_status"] for item in second.json()["items"]] == ["UNKNOWN"]


async def test_what_was_rendered_under_an_earlier_policy_comes_too_late(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    shelf, before = app.state.shelf, app.state.shelf.policy_number
    shelf.keep(feed.feed_id for feed in FEEDS if feed.subject != "lot")
    shelf.put(build(FEEDS, truth(at=datetime.now(tz=UTC)), PUBLICATION), None, before)
    assert (await client.get(SITES)).status_code == 503


async def test_within_the_second_of_its_making_the_date_is_not_ahead(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    app.state.shelf.put(build(FEEDS, truth(at=datetime.now(tz=UTC)), PUBLICATION), None, 0)
    answer = await client.get(SITES)
    assert date_of(answer) <= datetime.now(tz=UTC)


async def test_packed_bytes_are_the_plain_ones(app: FastAPI) -> None:
    for feed in FEEDS:
        built = app.state.shelf.find(feed)
        assert gzip.decompress(built.zipped) == built.body


async def test_a_frozen_feed_is_rendered_before_it_is_answered(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    shelf, feed = app.state.shelf, BY_ID["parkapi-v3-parking-sites"]
    fresh = shelf.find(feed)
    shelf.put({feed.feed_id: replace(fresh, body=b"frozen", frozen_at=time() - 1)}, None, 0)
    assert (await client.get(SITES)).status_code == 503

    async def thaw(asked: Feed) -> None:
        shelf.put({asked.feed_id: fresh}, None, 0)

    shelf.thaw = thaw
    assert (await client.get(SITES)).content == fresh.body


@pytest.mark.parametrize(("off_s", "status"), [(7_500, 503), (-7_500, 200)])
async def test_a_feed_freezes_by_the_time_of_the_service_not_of_its_machine(
    app: FastAPI,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    off_s: float,
    status: int,
) -> None:
    monkeypatch.setattr(clock, "CLOCK", Clock(wall=lambda: time() + off_s))
    shelf, feed = app.state.shelf, BY_ID["parkapi-v3-parking-sites"]
    ends_at = time() + off_s / 2
    shelf.put({feed.feed_id: replace(shelf.find(feed), frozen_at=ends_at)}, None, 0)
    answers = [await client.get(SITES, params=params) for params in ({}, LONG_WAY)]
    assert [each.status_code for each in answers] == [status, status]


async def test_the_date_of_a_feed_is_settled_by_the_time_of_the_service(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_at = int(time()) - 7_500 + 0.5
    monkeypatch.setattr(clock, "CLOCK", Clock(wall=lambda: stopped_at))
    app.state.shelf.put(build(FEEDS, truth(at=utc_now()), PUBLICATION), None, 0)
    assert date_of(await client.get(SITES)).timestamp() == stopped_at - 0.5


async def test_a_builder_knows_when_feeds_freeze_and_thaws_no_others() -> None:
    board, shelf, now = Board(), Shelf(), utc_now()
    ends_at = now + timedelta(seconds=0.3)
    board.load([("lot", "markt", Entry(lot(valid_until=ends_at), now, now, now))])
    builder = Builder(board, shelf, PUBLICATION, every_s=0.5)
    await builder.build()
    sites, table = BY_ID["parkapi-v3-parking-sites"], BY_ID["datex2-v3-parking-table"]
    told = shelf.find(sites)
    assert told is not None
    assert told.frozen_at == pytest.approx(ends_at.timestamp() + 0.5 + FROZEN_AFTER_S)
    assert [each.frozen_at for each in (shelf.find(table),) if each] == [inf]
    await asyncio.sleep(0.4)
    await builder.thaw(sites)
    assert shelf.find(sites) is told
    shelf.put({sites.feed_id: replace(told, frozen_at=time() - 1)}, None, 0)
    await builder.thaw(sites)
    thawed = shelf.find(sites)
    assert thawed is not None
    free = [_site_of(each.body).get("realtime_free_capacity") for each in (told, thawed)]
    assert free == [12, None]


async def test_feeds_are_rendered_in_one_thread_whatever_else_threads_do() -> None:
    def rendering() -> set[Thread]:
        return {each for each in enumerate_threads() if each.name.startswith("feeds")}

    board, now, before = Board(), utc_now(), rendering()
    builder = Builder(board, Shelf(), PUBLICATION, every_s=0.5)
    for free in range(3):
        known = lot(valid_until=now + timedelta(hours=1), free=free)
        board.load([("lot", "markt", Entry(known, now, now, now))])
        await asyncio.gather(builder.build(), *(asyncio.to_thread(sleep, 0.05) for _ in range(3)))
    assert len(rendering() - before) == 1


async def test_what_was_over_by_a_clock_that_went_ahead_is_told_again_once_it_is_set_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board, shelf, now = Board(), Shelf(), utc_now()
    board.load([("lot", "markt", Entry(lot(valid_until=now + timedelta(hours=1)), now, now, now))])
    builder, sites = (
        Builder(board, shelf, PUBLICATION, every_s=0.5),
        BY_ID["parkapi-v3-parking-sites"],
    )
    free = []
    for by_clock in (now, now + timedelta(days=1), now + timedelta(minutes=1)):
        monkeypatch.setattr("open_data_publisher.builder.utc_now", lambda at=by_clock: at)
        await builder.build()
        told = shelf.find(sites)
        assert told is not None
        free.append(_site_of(told.body).get("realtime_free_capacity"))
    assert free == [12, None, 12]


def _site_of(body: bytes) -> dict[str, Any]:
    (site,) = orjson.loads(body)["items"]
    return dict(site)


def test_trips_without_a_forecast_are_an_empty_feed_as_soon_as_vehicles_are_told() -> None:
    trips = BY_ID["gtfs-rt-trip-updates"]
    assert not build([trips], truth([lot()], [], [], []), PUBLICATION)
    built = build([trips], truth([], [], [vehicle()], []), PUBLICATION)
    assert not gtfs_realtime_pb2.FeedMessage.FromString(built[trips.feed_id].body).entity

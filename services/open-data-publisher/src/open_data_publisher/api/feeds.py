# SPDX-License-Identifier: EUPL-1.2
"""The feeds as bytes, and each as it was at a moment of the past."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel

from open_data_publisher.api.built import answer
from open_data_publisher.api.lookup import check_at, policy_of, turn
from open_data_publisher.domain.policy import Terms, Words
from open_data_publisher.domain.publication import Publication
from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds.catalogue import FEEDS, JSON, PROTOBUF, Feed
from open_data_publisher.feeds.gtfs_rt import READABLE
from open_data_publisher.shelf import Built, Shelf, build
from open_data_publisher.then import truth_then
from open_data_publisher.things import Things
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.problem import Problem

router = APIRouter(tags=["feeds"])

LIVE = "public, max-age=10"
PAST = "public, max-age=60"
"""As short as of the present: a policy that closes a field closes it for the past too, at once (decision 0057)."""
At = Annotated[
    AwareDatetime | None,
    Query(description="what was public at this time (RFC 3339 with zone), else now"),
]

Format = Annotated[
    Literal["json", "text"] | None,
    Query(alias="format", description="for reading: the same as JSON, or as text; else protobuf"),
]


class FeedView(BaseModel):
    """One feed and where it is found; `attribution` names whom its licence demands to name."""

    feed_id: str
    path: str
    media_type: str
    title: str
    title_de: str
    built_at: datetime | None
    licence: str | None
    licence_url: str | None
    attribution: str | None


SENSORTHINGS = Words(
    "Parkplätze, Stellplätze und Umwelt mit Messwerten zum Abfragen, SensorThings 1.1",
    "Car parks, bays and environment with their observations, to be asked: SensorThings 1.1",
)


class FeedList(BaseModel):
    """All feeds."""

    items: list[FeedView]


@router.get("/v1/feeds")
async def list_feeds(request: Request) -> FeedList:
    """List the feeds that are public, each with its licence."""
    return FeedList(items=feed_views(request))


def feed_views(request: Request) -> list[FeedView]:
    """Return what is told of each public feed."""
    shelf: Shelf = request.app.state.shelf
    views = []
    for feed in FEEDS:
        if not _is_public(request, feed):
            continue
        built = shelf.find(feed)
        views.append(
            FeedView(
                feed_id=feed.feed_id,
                path=feed.path,
                media_type=feed.media_type,
                title=feed.title.en,
                title_de=feed.title.de,
                built_at=built.built_at if built else None,
                **_licence(policy_of(request).terms_of([feed.subject])),
            )
        )
    things: Things = request.app.state.things
    if things.is_public:
        views.append(_sensorthings(things))
    return views


def _sensorthings(things: Things) -> FeedView:
    return FeedView(
        feed_id="sensorthings",
        path="/sensorthings/v1.1",
        media_type=JSON,
        title=SENSORTHINGS.en,
        title_de=SENSORTHINGS.de,
        built_at=None,
        **_licence(things.terms()),
    )


def _licence(terms: Sequence[Terms]) -> dict[str, str | None]:
    """Return what a view says of the first terms, those of what it mostly tells."""
    if not terms:
        return {"licence": None, "licence_url": None, "attribution": None}
    return {
        "licence": terms[0].licence.title,
        "licence_url": terms[0].licence.url,
        "attribution": terms[0].attribution,
    }


def _endpoint(feed: Feed) -> Callable[..., Awaitable[Response]]:
    async def serve(request: Request, at: At = None) -> Response:
        built, cache_control = await _find(request, feed, at)
        return answer(request, built, cache_control=cache_control, media_type=feed.media_type)

    async def serve_readable(request: Request, at: At = None, format_: Format = None) -> Response:
        built, cache_control = await _find(request, feed, at)
        if format_ is None:
            return answer(request, built, cache_control=cache_control, media_type=feed.media_type)
        media_type, readable = READABLE[format_]
        body = await asyncio.to_thread(readable, built.body)
        readable_built = Built.of(
            body, built.built_at, licence_url=built.licence_url, simulated=built.simulated
        )
        return answer(request, readable_built, cache_control=cache_control, media_type=media_type)

    return serve_readable if feed.media_type == PROTOBUF else serve


async def _find(request: Request, feed: Feed, at: datetime | None) -> tuple[Built, str]:
    """Return a feed as it is or was, and how long it may be kept by caches."""
    if not _is_public(request, feed):
        raise not_public()
    if at is not None:
        return await _built_at(request, feed, at), PAST
    shelf: Shelf = request.app.state.shelf
    built = shelf.find(feed)
    if built is not None and built.is_frozen(utc_now()) and shelf.thaw is not None:
        await shelf.thaw(feed)
        built = shelf.find(feed)
    if built is None or built.is_frozen(utc_now()):
        raise nothing_yet()
    return built, LIVE


async def _built_at(request: Request, feed: Feed, at: datetime) -> Built:
    check_at(request, at, utc_now())
    publication: Publication = request.app.state.publication
    async with turn(request):
        truth = await truth_then(request.app.state.database, publication.policy, at, feed.kinds)
        found = await asyncio.to_thread(_build_one, feed, truth, publication)
    if found is None:
        raise Problem(
            "Nothing was public at that time, or it is no longer kept",
            status=404,
            code="nothing_public_then",
            title="Nothing known",
        )
    # Dated by now: another policy tells another past, and a date of then would hide it.
    return replace(found, built_at=utc_now())


def _build_one(feed: Feed, truth: Truth, publication: Publication) -> Built | None:
    return build([feed], publication.told(truth), publication).get(feed.feed_id)


def _is_public(request: Request, feed: Feed) -> bool:
    publication: Publication | None = request.app.state.publication
    # Without a publication nothing runs behind the application, so nothing is ever built.
    return publication is None or feed.subject in publication.policy.states


def not_public() -> Problem:
    """Return what is said of what the policy does not open."""
    return Problem(
        "The city's publication policy (`opendata/policy.yaml`) does not make this feed public",
        status=404,
        code="not_public",
        title="Not public",
    )


def nothing_yet() -> Problem:
    """Return what is said before any upstream told anything."""
    return Problem(
        "No upstream has told anything yet",
        status=503,
        code="nothing_published_yet",
        title="Nothing published yet",
        headers={"retry-after": "10"},
    )


MARKED: dict[str, Any] = {
    "Stadttakt-Simulated": {
        "description": "`true` where anything of the answer stems from a simulation, else absent",
        "schema": {"type": "string", "enum": ["true"]},
    }
}


def _content(feed: Feed) -> dict[str, Any]:
    readable: dict[str, Any] = (
        {"application/json": {}, "text/plain": {}} if feed.media_type == PROTOBUF else {}
    )
    return {feed.media_type: {}, **readable}


for _feed in FEEDS:
    router.add_api_route(
        _feed.path,
        _endpoint(_feed),
        name=_feed.feed_id,
        summary=_feed.title.en,
        description="What is public now, or was at `at`; rendered when something changed.",
        response_class=Response,
        responses={
            200: {"content": _content(_feed), "description": _feed.title.en, "headers": MARKED},
            304: {"description": "Unchanged"},
            404: {"description": "Nothing was public then"},
            503: {"description": "Nothing published yet, or too many ask for the past"},
        },
    )

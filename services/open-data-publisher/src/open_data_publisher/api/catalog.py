# SPDX-License-Identifier: EUPL-1.2
"""The catalogue as Turtle, RDF/XML and JSON-LD, by ending or by Accept, in pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from open_data_publisher.api.feeds import PAST, At
from open_data_publisher.api.lookup import (
    check_at,
    public_datasets,
    publication_of,
    turn,
    zone_of,
)
from open_data_publisher.catalog.graph import Page, Place, build, last_change
from open_data_publisher.catalog.listing import Listed, list_dataset, list_feeds
from open_data_publisher.datasets.then import summaries_of
from open_data_publisher.domain.catalogue import CatalogueCity
from open_data_publisher.domain.policy import Dataset
from open_data_publisher.feeds.catalogue import FEEDS
from open_data_publisher.shelf import Shelf, has_any
from open_data_publisher.storage import listing
from open_data_publisher.storage.editions import Summary
from open_data_publisher.then import truth_then
from open_data_publisher.things import Things
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.accept import liked_best
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.problem import Problem

router = APIRouter(tags=["catalogue"])
FRESH = {"cache-control": "public, max-age=60", "vary": "accept"}
PAGE_SIZE = 100
"""Entries on a page, as ckanext-dcat has it; its harvesters follow the links to the next."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """One way to write a graph."""

    ending: str
    media_type: str
    name: str


PAGE = Syntax("html", "text/html", "html")
"""No graph: the page about datasets."""
TURTLE = Syntax("ttl", "text/turtle", "turtle")
SYNTAXES = (
    TURTLE,
    Syntax("rdf", "application/rdf+xml", "pretty-xml"),
    Syntax("jsonld", "application/ld+json", "json-ld"),
)
PageAsked = Annotated[int, Query(alias="page", ge=1, le=10_000, description="from 1")]
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {each.media_type: {} for each in SYNTAXES},
        "description": "A page of the catalogue",
    },
    304: {"description": "Unchanged"},
    404: {"description": "No such page, or the city keeps no catalogue"},
}


@router.get(
    "/catalog",
    response_class=Response,
    responses={**ANSWERS, 303: {"description": "To the page for people"}, 406: {"description": "Not in what Accept names"}},
)  # fmt: skip
async def catalog(request: Request, page: PageAsked = 1, at: At = None) -> Response:
    """Return the catalogue in the first syntax that Accept names; a browser is sent to the page.

    With `at` it lists what was listed then, as it is described today.
    """
    accepted = request.headers.get("accept", "*/*")
    chosen = choose(accepted)
    if chosen == PAGE:
        then = "" if at is None else f"?at={quote(at.isoformat())}"
        return RedirectResponse(f"/datasets{then}", status_code=303, headers={"vary": "accept"})
    if chosen is not None:
        return await _answer(request, chosen, page, at)
    raise Problem(
        f"The catalogue comes as {', '.join(each.media_type for each in SYNTAXES)}",
        status=406,
        code="not_acceptable",
        title="Not in this form",
    )


def choose(accepted: str) -> Syntax | None:
    """Return the syntax that a client likes best, or the page."""
    return liked_best(accepted, _named)


def _named(kind: str) -> Syntax | None:
    if kind in {"text/html", "application/xhtml+xml"}:
        return PAGE
    if kind in {"*/*", "text/*", "application/x-turtle"}:
        return TURTLE
    if kind in {"application/*", "application/xml", "text/xml"}:
        return SYNTAXES[1]
    if kind == "application/json":
        return SYNTAXES[2]
    return next((each for each in SYNTAXES if each.media_type == kind), None)


async def _answer(request: Request, syntax: Syntax, number: int, at: datetime | None) -> Response:
    check_at(request, at, utc_now())
    publication = publication_of(request)
    city = publication.catalogue
    if city is None:
        raise Problem(
            "The city keeps no catalogue (`opendata/catalogue.yaml`)",
            status=404,
            code="no_catalogue",
            title="No catalogue",
        )
    database: Database = request.app.state.database
    listed, created = await (
        _listed(request, database) if at is None else _listed_then(request, database, at)
    )
    then = "" if at is None else f"&at={quote(at.isoformat())}"
    page = Page(number, PAGE_SIZE, len(listed), then)
    if number > page.last:
        raise Problem(
            f"The last page is {page.last}", status=404, code="no_such_page", title="No such page"
        )
    pages: Pages = request.app.state.catalogue_pages
    place = Place(publication.city_name, publication.bbox)
    part = _Part(tuple(listed), created, page, city, place, publication.base_url)
    body = await (pages.get(syntax, part) if at is None else part.written(syntax))
    return respond(
        request,
        body,
        last_modified=last_change(listed, created),
        media_type=syntax.media_type,
        headers=FRESH if at is None else {**FRESH, "cache-control": PAST},
    )


async def _listed(request: Request, database: Database) -> tuple[list[Listed], dict[str, datetime]]:
    """Return all entries, and since when each is listed."""
    shelf: Shelf = request.app.state.shelf
    policy = publication_of(request).policy
    told = {feed.feed_id: built.built_at for feed in FEEDS if (built := shelf.find(feed))}
    found = list_feeds(policy, FEEDS, told)
    async with database.connection() as connection:
        datasets = public_datasets(request)
        summaries = await summaries_of(connection, datasets, None, zone_of(request))
        found += _listed_datasets(request, datasets, summaries)
        created = await listing.created(connection, [each.entry_id for each in found], utc_now())
    return found, created


async def _listed_then(
    request: Request, database: Database, at: datetime
) -> tuple[list[Listed], dict[str, datetime]]:
    """Return the entries that were listed at a moment, with what had changed by then."""
    publication = publication_of(request)
    async with turn(request):
        truth = publication.told(await truth_then(database, publication.policy, at))
    told = {
        feed.feed_id: truth.static_since if feed.is_static else at
        for feed in FEEDS
        if has_any(feed, truth)
    }
    async with database.connection() as connection:
        found = list_feeds(publication.policy, FEEDS, told)
        datasets = public_datasets(request)
        summaries = await summaries_of(connection, datasets, at, zone_of(request))
        found += _listed_datasets(request, datasets, summaries)
        created = await listing.known(connection, [each.entry_id for each in found])
    then = {entry_id: since for entry_id, since in created.items() if since <= at}
    return [each for each in found if each.entry_id in then], then


def _listed_datasets(
    request: Request, datasets: Sequence[Dataset], summaries: Mapping[str, Summary]
) -> list[Listed]:
    things: Things = request.app.state.things
    served = things.environment()
    return [
        list_dataset(each, summaries.get(each.dataset_id), is_served=each is served)
        for each in datasets
    ]


@dataclass(frozen=True, slots=True)
class _Part:
    """All that a page is made of."""

    listed: Sequence[Listed]
    created: Mapping[str, datetime]
    page: Page
    city: CatalogueCity
    place: Place
    base_url: str

    async def written(self, syntax: Syntax) -> bytes:
        """Return the page's bytes."""
        return await asyncio.to_thread(self._written, syntax)

    def _written(self, syntax: Syntax) -> bytes:
        begin = (self.page.number - 1) * self.page.size
        graph = build(
            self.listed[begin : begin + self.page.size],
            self.page,
            city=self.city,
            place=self.place,
            base_url=self.base_url,
            created=self.created,
        )
        return graph.serialize(format=syntax.name, encoding="utf-8")


class Pages:
    """Pages as they were written last; each is written anew when what it says has changed."""

    def __init__(self) -> None:
        self._written: dict[tuple[Syntax, int], tuple[_Part, bytes]] = {}

    async def get(self, syntax: Syntax, part: _Part) -> bytes:
        """Return a page's bytes."""
        key = (syntax, part.page.number)
        known = self._written.get(key)
        if known is None or known[0] != part:
            known = (part, await part.written(syntax))
            self._written[key] = known
        return known[1]


def _endpoint(syntax: Syntax) -> Any:
    async def serve(request: Request, page: PageAsked = 1, at: At = None) -> Response:
        return await _answer(request, syntax, page, at)

    return serve


for _syntax in SYNTAXES:
    router.add_api_route(
        f"/catalog.{_syntax.ending}",
        _endpoint(_syntax),
        name=f"catalog-{_syntax.ending}",
        summary=f"The catalogue as {_syntax.media_type}",
        description="What is public, in DCAT-AP.de 3.0 and mobilityDCAT-AP; the next page as Hydra says.",
        response_class=Response,
        responses={**ANSWERS, 200: {"content": {_syntax.media_type: {}}, "description": "A page"}},
    )

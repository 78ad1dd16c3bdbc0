# SPDX-License-Identifier: EUPL-1.2
"""Reading in the manner of OGC SensorThings 1.1: things, datastreams and their observations."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from open_data_publisher.api.feeds import not_public, nothing_yet
from open_data_publisher.api.lookup import check_at, publication_of, turn
from open_data_publisher.sensorthings import document, observations, resource
from open_data_publisher.sensorthings.document import Answer, ObservationPage, TooMuchError
from open_data_publisher.sensorthings.errors import NothingThereError, OptionError
from open_data_publisher.sensorthings.evaluate import choose
from open_data_publisher.sensorthings.model import OBSERVATIONS, TYPES, Entity
from open_data_publisher.sensorthings.options import Options, parse_options
from open_data_publisher.shelf import gzipped, mark
from open_data_publisher.storage import observations as storage
from open_data_publisher.things import Made, Things
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import AWAY, Database
from stadttakt_runtime.http.conditional import respond, strong_etag
from stadttakt_runtime.http.encodings import takes_gzip
from stadttakt_runtime.http.parameters import made_of
from stadttakt_runtime.http.problem import NotFound, Problem

BASE = "/sensorthings/v1.1"
CONFORMANCE = [
    f"http://www.opengis.net/spec/iot_sensing/1.1/req/{part}"
    for part in (
        "datamodel/entity-control-information/common-control-information",
        "resource-path/resource-path-to-entities",
        *(
            f"request-data/{name}"
            for name in (
                *("status-code", "query-status-code", "order", "select", "orderby", "top", "skip"),
                *("count", "filter", "pagination"),
            )
        ),
    )
]
"""What holds in full: entities that parking and environment do not need are left out, so the data model is not."""
FOR_SETS = {"$filter", "$orderby", "$top", "$skip", "$count"}
SMALL = 1024
router = APIRouter(prefix=BASE, tags=["sensorthings"])


def _option(name: str, description: str) -> Any:
    return Query(alias=name, max_length=4000, description=description)


class Asked:
    """The query options as they came; they are read by the parser, which names the place of a fault."""

    def __init__(  # noqa: PLR0913, PLR0917 (one for each option)
        self,
        filter_: Annotated[str | None, _option("$filter", "`name eq 'Markt' and …`")] = None,
        orderby: Annotated[str | None, _option("$orderby", "`phenomenonTime desc`")] = None,
        top: Annotated[str | None, _option("$top", "entities at most (100; 1000)")] = None,
        skip: Annotated[str | None, _option("$skip", "entities to leave out")] = None,
        count: Annotated[str | None, _option("$count", "`true`: how many there are")] = None,
        select: Annotated[str | None, _option("$select", "`name,properties`")] = None,
        expand: Annotated[str | None, _option("$expand", "`Datastreams($top=3)`")] = None,
        at: Annotated[
            AwareDatetime | None, Query(description="what was public at this time, else now")
        ] = None,
    ) -> None:
        del filter_, orderby, top, skip, count, select, expand
        self.at = at


class _Reading:
    """One request: what is public at its time, and how its answer is written."""

    def __init__(self, request: Request, made: Made, at: datetime | None) -> None:
        self._request = request
        self._database: Database = request.app.state.database
        self._pairs = request.query_params.multi_items()
        self._catalogue = made.catalogue
        self._means = made.means
        self._at = at
        self._base = f"{publication_of(request).base_url}{BASE}"

    async def answer(self, path: str) -> Any:
        """Return the document of a path."""
        target = resource.find(self._catalogue, path)
        if isinstance(target, resource.OneObservation):
            target = await self._observation(target)
        if isinstance(target, resource.Property):
            return _Value(target.value) if target.only_value else {target.name: target.value}
        if isinstance(target, resource.One):
            return await self._one(target.entity)
        if isinstance(target, resource.OneObservation):
            raise NothingThereError("the path cannot be read")
        return await self._many(target, path)

    async def _one(self, entity: Entity) -> Any:
        for name, _ in self._pairs:
            if name in FOR_SETS:
                raise OptionError(name, 0, "is for sets of entities")
        options = parse_options(self._pairs, entity.type)
        (written,) = await self._write([entity], options)
        return written

    async def _many(self, target: resource.Many, path: str) -> Any:
        options = parse_options(self._pairs, target.type)
        if target.type.name == OBSERVATIONS:
            found, total, more = await self._observations(target.of, options)
        else:
            found, total = await asyncio.to_thread(
                choose, self._catalogue, target.entities, target.type, options
            )
            more = options.skip + len(found) < total
        answer: dict[str, Any] = {"@iot.count": total} if options.count else {}
        if more and options.top:
            answer["@iot.nextLink"] = document.next_link(
                f"{self._base}/{path}", self._pairs, options
            )
        if target.only_links:
            writer = Answer(self._catalogue, self._base)
            return {**answer, "value": [writer.reference(entity) for entity in found]}
        return {**answer, "value": await self._write(found, options)}

    async def _observations(self, of: Entity | None, options: Options) -> Any:
        if of is not None:
            datastream_id, rest = of.id, options.filter
        else:
            named, rest = observations.datastream_of(options.filter)
            if named is None:
                raise Problem(
                    "Observations are asked for of one datastream: Datastreams('…')/Observations, or"
                    " $filter=Datastream/id eq '…' and …",
                    status=400,
                    code="datastream_needed",
                    title="Of which datastream?",
                )
            datastream_id = named
        source = self._catalogue.sources.get(datastream_id)
        if source is None:
            raise NothingThereError(f"there is no Datastreams('{datastream_id}')")
        wanted = observations.wanted(_filtered(options, rest))
        async with self._database.connection() as connection:
            pages = await storage.pages(
                connection, {datastream_id: source}, wanted, means=self._means, at=self._at
            )
        return pages[datastream_id]

    async def _observation(self, target: resource.OneObservation) -> resource.Target:
        named = observations.parse_id(target.observation_id)
        source = self._catalogue.sources.get(named[0]) if named else None
        if named is None or source is None:
            raise NothingThereError(f"there is no Observations('{target.observation_id}')")
        wanted = observations.wanted(Options(top=1))
        async with self._database.connection() as connection:
            pages = await storage.pages(
                connection,
                {named[0]: source},
                wanted,
                means=self._means,
                at=self._at,
                exactly=named[1],
            )
        found = pages[named[0]][0]
        if not found:
            raise NothingThereError(f"there is no Observations('{target.observation_id}')")
        return resource.follow(self._catalogue, found[0], target.rest)

    async def _write(self, entities: Sequence[Entity], options: Options) -> list[Any]:
        pages = await self._expanded(entities, options) if options.expand else {}
        answer = Answer(self._catalogue, self._base, pages)
        return await asyncio.to_thread(
            lambda: [answer.entity(entity, options) for entity in entities]
        )

    async def _expanded(
        self, entities: Sequence[Entity], options: Options
    ) -> dict[tuple[int, str], ObservationPage]:
        """Fetch the observations that are to be expanded: one query for each place of the expansion."""
        asked: dict[int, tuple[Options, set[str]]] = {}
        for inner, datastream in document.expanded_datastreams(self._catalogue, entities, options):
            asked.setdefault(id(inner), (inner, set()))[1].add(datastream.id)
        pages: dict[tuple[int, str], ObservationPage] = {}
        async with self._database.connection() as connection:
            for key, (inner, names) in asked.items():
                sources = {name: self._catalogue.sources[name] for name in sorted(names)}
                wanted = observations.wanted(inner, "$expand")
                found = await storage.pages(
                    connection, sources, wanted, means=self._means, at=self._at
                )
                pages |= {(key, name): page for name, page in found.items()}
        return pages


class _Value:
    """A property's value alone (`$value`)."""

    def __init__(self, value: Any) -> None:
        self.text = value if isinstance(value, str) else orjson.dumps(value).decode()


@router.get(
    "",
    summary="The sets of entities",
    response_model=dict[str, Any],
    responses={404: {"description": "The city's policy opens nothing of this"}},
)
async def service_root(request: Request) -> Response:
    """List the sets, and which requirements of OGC 18-088 are met."""
    things: Things = request.app.state.things
    if not things.is_public:
        raise not_public()
    try:
        is_simulated = (await things.now(request.app.state.database)).simulated
    except AWAY:
        is_simulated = things.is_simulated()
    base = f"{publication_of(request).base_url}{BASE}"
    sets = [{"name": name, "url": f"{base}/{name}"} for name in TYPES]
    body = {"value": sets, "serverSettings": {"conformance": CONFORMANCE}}
    return _respond(request, orjson.dumps(body), simulated=is_simulated)


@router.get(
    "/{path:path}",
    summary="Entities, or one",
    response_model=dict[str, Any],
    responses={
        304: {"description": "Unchanged"},
        400: {"description": "A query option cannot be read; `option` and `position` say where"},
        404: {"description": "There is nothing of this path"},
        503: {"description": "Nothing published yet"},
    },
)
async def read(request: Request, path: str, asked: Annotated[Asked, made_of(Asked)]) -> Response:
    """Return what a path leads to: `Things`, `Things('lot:markt')/Datastreams`, and so on."""
    check_at(request, asked.at, utc_now())
    things: Things = request.app.state.things
    if not things.is_public:
        raise not_public()
    database: Database = request.app.state.database
    made = await (things.now(database) if asked.at is None else _made_then(request, asked.at))
    if asked.at is None and not made.catalogue.sets["Things"]:
        raise nothing_yet()
    with _told_as_problems():
        answer = await _Reading(request, made, asked.at).answer(path)
    if isinstance(answer, _Value):
        return _respond(
            request, answer.text.encode(), "text/plain; charset=utf-8", simulated=made.simulated
        )
    return _respond(request, orjson.dumps(answer), simulated=made.simulated)


async def _made_then(request: Request, at: datetime) -> Made:
    things: Things = request.app.state.things
    async with turn(request):
        return await things.at(request.app.state.database, at)


@contextmanager
def _told_as_problems() -> Iterator[None]:
    try:
        yield
    except NothingThereError as error:
        raise NotFound(str(error)) from error
    except TooMuchError as error:
        raise Problem(
            f"More than {document.MOST_EXPANDED} entities would be expanded; ask for fewer with $top",
            status=400,
            code="too_much_expanded",
            title="Too much to expand",
        ) from error
    except OptionError as error:
        raise Problem(
            str(error),
            status=400,
            code="query_option_invalid",
            title="A query option cannot be read",
            option=error.option,
            position=error.position,
        ) from error


def _filtered(options: Options, expression: Any) -> Options:
    return replace(options, filter=expression)


def _respond(
    request: Request, body: bytes, media_type: str = "application/json", *, simulated: bool
) -> Response:
    """Answer with an entity tag, licences and mark; compressed where that is worth it and wanted."""
    things: Things = request.app.state.things
    licences = dict.fromkeys(f'<{each.licence.url}>; rel="license"' for each in things.terms())
    told = {"link": ", ".join(licences), **mark(simulated=simulated)}
    headers = {"cache-control": "public, max-age=1", "vary": "accept-encoding", **told}
    if len(body) > SMALL and takes_gzip(request.headers.get("accept-encoding", "")):
        body = gzipped(body)
        headers["content-encoding"] = "gzip"
    return respond(
        request,
        body,
        last_modified=utc_now(),
        media_type=media_type,
        etag=strong_etag(body),
        headers=headers,
    )

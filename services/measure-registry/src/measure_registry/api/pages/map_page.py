# SPDX-License-Identifier: EUPL-1.2
"""`/karte`: what is public on a map, with filters; the list beside it holds the same."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from measure_registry.api.asked import Db, city_of
from measure_registry.api.pages.filters import Filtered, Word, selects
from measure_registry.api.pages.shown import show
from measure_registry.domain.placed import Placed, placed_in
from measure_registry.domain.undertaking import Kind
from measure_registry.profiles.undertaking import page_of_placed
from measure_registry.profiles.wording import Wording
from measure_registry.site.frame import Site, language_of, tell
from measure_registry.storage import places, undertakings
from measure_registry.storage.ideas import Asked
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import respond

router = APIRouter(include_in_schema=False)
MOST_IDEAS = 500
NO_MAP = {"type": "FeatureCollection", "features": []}
KINDS = ("ideas", "measures")


@router.get("/karte")
async def map_page(
    request: Request,
    database: Db,
    filters: Filtered,
    art: Word = "",
) -> Response:
    """Show where ideas, measures and pilots are."""
    language = language_of(request)
    asked = filters.asked
    async with database.connection() as connection:
        city = await city_of(connection)
        found = [] if art not in {"", "ideas"} else await places.published(
            connection, asked, limit=MOST_IDEAS
        )  # fmt: skip
        if art in {"", "measures"} and asked.state is None:
            for kind in Kind:
                for each in await undertakings.every(connection, kind):
                    found += [one for one in placed_in(each) if _is_asked(one, asked, language)]
        base = await places.base_map(connection)
    site: Site = request.app.state.site
    wording = Wording(city, language)
    kinds = [(kind, tell(f"map_{kind}", language)) for kind in KINDS]
    return show(
        request,
        city,
        "map.html",
        title=tell("map_page", language),
        active="menu_map",
        scripts=("map.js",),
        styles=("city-map.css",),
        asked={**filters.given, "art": art},
        selects=[*selects(city, language), ("art", kinds)],
        found=[_item(each, wording) for each in found if each.is_inside(city.intake.bbox)],
        base=f"{site.prefix}/karte/basis.geojson",
        known=orjson.dumps(
            {"tiles": base.get("tiles"), "credits": base.get("credits", [])}
        ).decode(),
        most=MOST_IDEAS,
    )


def _is_asked(placed: Placed, asked: Asked, language: str) -> bool:
    words = (asked.words or "").casefold().split()
    title = f"{placed.title[language]} {placed.place or ''}".casefold()
    return (
        (asked.handlungsfeld is None or asked.handlungsfeld in placed.handlungsfelder)
        and (asked.priority is None or asked.priority == placed.priority)
        and all(word in title for word in words)
    )


def _item(placed: Placed, wording: Wording) -> dict[str, Any]:
    if placed.kind == "idea":
        state = wording.city.workflow.title(placed.state, wording.language)
    else:
        state = wording.tell(f"standing_{placed.state}")
    return {
        "placed": placed,
        "title": placed.title[wording.language],
        "path": page_of_placed(placed),
        "kind": wording.tell(f"kind_{placed.kind}"),
        "tags": [*wording.titles("handlungsfelder", placed.handlungsfelder), state],
    }


@router.get("/karte/basis.geojson")
async def base_map(request: Request, database: Db) -> Response:
    """Give the city's base map; an empty one where it has none."""
    async with database.connection() as connection:
        found = await places.base_map(connection)
    return respond(
        request,
        orjson.dumps(found.get("collection") or NO_MAP),
        last_modified=utc_now(),
        media_type="application/geo+json",
        headers={"cache-control": "public, max-age=300"},
    )

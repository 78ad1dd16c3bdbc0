# SPDX-License-Identifier: EUPL-1.2
"""`GET /v1/export.geojson`: everything public that lies somewhere, as GeoJSON (RFC 7946)."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from measure_registry.api.asked import Db
from measure_registry.api.versions import HELD, answered
from measure_registry.domain.placed import Placed, placed_in
from measure_registry.domain.undertaking import Kind
from measure_registry.profiles.undertaking import page_of_placed
from measure_registry.site.frame import Site
from measure_registry.storage import places, undertakings
from measure_registry.storage.ideas import Asked

router = APIRouter(prefix="/v1", tags=["files"])
MOST_IDEAS = 50_000
_GEOJSON: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/geo+json": {"schema": {"type": "object"}}}},
    **HELD,
}


@router.get("/export.geojson", responses=_GEOJSON, response_class=Response)
async def export_places(request: Request, database: Db) -> Response:
    """Answer with published ideas, measures, sub-projects and pilots that have a position.

    `kind` is idea, measure, subproject or pilot (`of` names what a pilot belongs to); the other
    properties are those of the other exports.
    """
    async with database.connection() as connection:
        found = await places.published(connection, Asked(only_public=True), limit=MOST_IDEAS)
        for kind in Kind:
            for each in await undertakings.every(connection, kind):
                found += placed_in(each)
    site: Site = request.app.state.site
    collection = {"type": "FeatureCollection", "features": [_feature(each, site) for each in found]}
    return answered(
        request,
        orjson.dumps(collection),
        "application/geo+json",
        {"content-disposition": 'attachment; filename="places.geojson"'},
    )


def _feature(placed: Placed, site: Site) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": f"{placed.kind}/{placed.name}",
        "geometry": {"type": "Point", "coordinates": [placed.lon, placed.lat]},
        "properties": {
            "kind": placed.kind,
            "id": placed.name,
            "of": None if placed.of is None else placed.of.name,
            "title": placed.title["de"],
            "title_en": placed.title["en"],
            "place": placed.place,
            "handlungsfelder": list(placed.handlungsfelder),
            "state": placed.state,
            "reifegrad": placed.reifegrad,
            "priority": placed.priority,
            "url": site.absolute(page_of_placed(placed)),
        },
    }

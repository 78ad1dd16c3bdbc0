# SPDX-License-Identifier: EUPL-1.2
"""What a page's script asks for: states, places and the base map, from this server only."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from open_data_publisher.api.built import answer
from open_data_publisher.live import Live
from open_data_publisher.places_file import PlacesFile
from open_data_publisher.portal.language import language_of
from open_data_publisher.shelf import Built
from stadttakt_runtime.clock import utc_now

router = APIRouter(prefix="/portal", include_in_schema=False)
HELD = "public, max-age=300"
JSON, GEOJSON = "application/json", "application/geo+json"


@router.get("/live.json")
async def live(request: Request) -> Response:
    """Tell what lots and vehicles are now; the time of this answer is in its header `Date`."""
    present: Live = request.app.state.live
    return answer(request, present.now(utc_now()).file, cache_control="no-cache", media_type=JSON)


@router.get("/places.json")
async def places(request: Request) -> Response:
    """Tell where vehicles stop, what lines are called and whose map it is."""
    file: PlacesFile = request.app.state.places_file
    built = await file.now(language_of(request))
    return answer(request, built, cache_control=HELD, media_type=JSON)


@router.get("/base-map.geojson")
async def base_map(request: Request) -> Response:
    """Give the city's base map; an empty one where it has none."""
    built: Built = request.app.state.base_map
    return answer(request, built, cache_control=HELD, media_type=GEOJSON)

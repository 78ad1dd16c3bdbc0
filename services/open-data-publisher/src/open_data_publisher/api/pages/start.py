# SPDX-License-Identifier: EUPL-1.2
"""The start page, the wall display, the vehicles: everything now."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from open_data_publisher.api.lookup import policy_of
from open_data_publisher.api.pages.shown import Now
from open_data_publisher.domain.known_sources import TIMETABLE
from open_data_publisher.domain.publication import Publication
from open_data_publisher.portal.assets import address_of
from open_data_publisher.portal.frame import page

router = APIRouter(tags=["portal"])
WITH_PLACES = {"free", "almost_full"}


@router.get("/", summary="The portal", response_class=HTMLResponse)
async def start(
    request: Request, now: Now, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Show all lots and vehicles as map and lists; `q` are words of names to look for."""
    lots, twice = now.lots(q), _counted_elsewhere(request, now.present.states)
    return page(
        request,
        "start.html",
        active="now",
        title=now.words("parking.title"),
        lots=lots,
        lines=now.lines(),
        totals=_totals(now.lots(), twice),
        twice=twice,
        search=q,
        once=None if q else now.once,
        map_script=address_of("map.js"),
        credits=policy_of(request).terms_of(("lot", "vehicle"), (TIMETABLE,)),
        **now.values(),
    )


@router.get("/bus-und-bahn", include_in_schema=False)
async def transit(request: Request, now: Now) -> Response:
    """Show how full each vehicle is."""
    return page(
        request,
        "transit.html",
        active="transit",
        title=now.words("transit.title"),
        once=now.once,
        lines=now.lines(),
        credits=policy_of(request).terms_of(("vehicle",), (TIMETABLE,)),
        **now.values(),
    )


@router.get("/wand", include_in_schema=False)
async def wall(request: Request, now: Now) -> Response:
    """Show the lots large, for a display on a wall."""
    title = now.words("parking.wall_title", city=request.app.state.portal.city.city_name)
    return page(request, "wall.html", once=now.once, title=title, lots=now.lots(), **now.values())


def _counted_elsewhere(request: Request, shown: Iterable[str]) -> list[str]:
    """Return the lots whose places another lot that is shown has, too."""
    publication: Publication | None = request.app.state.publication
    sites = publication.sites if publication else {}
    there = {*shown}
    return sorted(lot_id for lot_id, site in sites.items() if site.same_places_as in there)


def _totals(all_lots: list[dict[str, Any]], twice: Container[str]) -> dict[str, int]:
    lots = [lot for lot in all_lots if lot["id"] not in twice]
    return {
        "free": sum(lot["free"] for lot in lots if lot["free"] and lot["state"] in WITH_PLACES),
        "lots": sum(lot["state"] in WITH_PLACES for lot in lots),
        "unknown": sum(lot["state"] == "unknown" for lot in lots),
    }

# SPDX-License-Identifier: EUPL-1.2
"""Puts the portal into the application: its routers, and what they need from its state."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from open_data_publisher.api import dataset_choice, feedback
from open_data_publisher.api.pages import kpi, legal, live, lot, measures, start
from open_data_publisher.domain.portal import PortalCity
from open_data_publisher.live import Live
from open_data_publisher.places import Gazetteer
from open_data_publisher.places_file import PlacesFile
from open_data_publisher.portal.assets import ASSETS
from open_data_publisher.portal.frame import Portal, page
from open_data_publisher.portal.language import language_of
from open_data_publisher.settings import Settings
from open_data_publisher.shelf import Built
from open_data_publisher.upstream import Upstream
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http import problem_pages
from stadttakt_runtime.http.problem import Problem
from stadttakt_runtime.http.problem_pages import Told

NO_MAP = b'{"type":"FeatureCollection","features":[]}'
FILES = ("/feeds/", "/catalog", "/sensorthings/")
"""Below these are no pages: what is wrong there is told to programs."""
ROUTERS = (
    start.router,
    lot.router,
    live.router,
    kpi.router,
    measures.router,
    dataset_choice.router,
    legal.router,
    feedback.router,
    ASSETS.router(),
)


def install(app: FastAPI, settings: Settings, city: PortalCity) -> None:
    """Give pages their city, the live states, and the other services."""
    problem_pages.install(app, _show_problem, is_page=_is_page)
    app.state.portal = Portal(city, settings.ideas_url)
    app.state.live = Live(app.state.board)
    app.state.upstream = Upstream(
        {
            "parking": settings.parking_url,
            "transit": settings.transit_url,
            "kpi": settings.kpi_url,
            "registry": settings.registry_url,
        }
    )
    app.state.gazetteer = Gazetteer(app.state.upstream)
    app.state.places_file = PlacesFile(app.state.gazetteer, city.base_map)
    app.state.base_map = Built.of(city.base_map.geojson or NO_MAP, utc_now())


def _is_page(path: str) -> bool:
    return not path.startswith(FILES) and "/data." not in path


async def _show_problem(request: Request, _problem: Problem, told: Told) -> Response:
    said = told.en if language_of(request) == "en" else told.de
    return page(request, "problem.html", title=said.title, said=said.text)

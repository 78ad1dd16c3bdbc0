# SPDX-License-Identifier: EUPL-1.2
"""The service's HTTP application; needs neither broker nor database to be built."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, FastAPI

from stadttakt_runtime.alerts import alert_router
from stadttakt_runtime.broker_readiness import MQTT
from stadttakt_runtime.http import problem_pages
from stadttakt_runtime.http.app import create_app as create_service_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.http.rejections import rejection_router
from stadttakt_runtime.login.entrance import entrance_router
from stadttakt_runtime.login.rooms import install_login
from stadttakt_runtime.service import DATABASE
from vehicle_occupancy.api import (
    acceptance,
    acceptance_plan,
    comfort,
    day_sheet,
    forecast,
    inputs,
    levels,
    network,
    peak_actions,
    peaks,
    profile,
    trips,
    vehicles,
)
from vehicle_occupancy.api.control import desk
from vehicle_occupancy.api.control.assets import ASSETS
from vehicle_occupancy.api.control.frame import HOME, show_problem
from vehicle_occupancy.api.control.rooms import ROOMS, show_entrance
from vehicle_occupancy.board import Board
from vehicle_occupancy.service import STATE
from vehicle_occupancy.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application around an empty board, which the service fills."""
    settings = settings or Settings()
    pages = APIRouter(prefix=HOME)
    pages.include_router(ASSETS.router())
    app = create_service_app(
        title="Stadttakt vehicle occupancy",
        description="How full the city's trams and buses are.",
        version=version("stadttakt-vehicle-occupancy"),
        settings=settings,
        readiness=Readiness(DATABASE, MQTT, STATE),
        routers=[
            vehicles.router,
            levels.router,
            inputs.router,
            rejection_router("transit:read"),
            acceptance.router,
            acceptance_plan.router,
            trips.router,
            network.router,
            forecast.router,
            profile.router,
            day_sheet.router,
            peaks.router,
            peak_actions.router,
            comfort.router,
            desk.router,
            entrance_router(ROOMS, show_entrance),
            pages,
            alert_router("transit:read"),
        ],
        larger_bodies={acceptance.PATH: acceptance.MAX_BYTES},
    )
    app.state.board = Board()
    problem_pages.install(app, show_problem, is_page=lambda path: path.startswith(HOME))
    install_login(app, ROOMS, settings, settings.public_url)
    return app

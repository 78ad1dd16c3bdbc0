# SPDX-License-Identifier: EUPL-1.2
"""The service's HTTP application; needs neither broker nor database to be built."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from parking_occupancy.api import (
    bay_orders,
    bays,
    counts,
    display,
    effect,
    forecast,
    history,
    lots,
    orders,
    signing_keys,
    signs,
    turnover,
)
from parking_occupancy.api.sign_answers import SignAnswers
from parking_occupancy.board import Board
from parking_occupancy.screens import Screens
from parking_occupancy.service import STATE
from parking_occupancy.settings import ParkingSettings
from stadttakt_runtime.alerts import alert_router
from stadttakt_runtime.broker_readiness import MQTT
from stadttakt_runtime.http.app import create_app as create_service_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.http.rejections import rejection_router
from stadttakt_runtime.http.sse import Broadcaster
from stadttakt_runtime.leadership import Certainty
from stadttakt_runtime.service import DATABASE


def create_app(settings: ParkingSettings | None = None) -> FastAPI:
    """Build the application around an empty board, which the service fills."""
    board, streams = Board(), Broadcaster("signs")
    app = create_service_app(
        title="Stadttakt parking occupancy",
        description="What bays, lots and guidance signs are now, and until when that holds.",
        version=version("stadttakt-parking-occupancy"),
        settings=settings or ParkingSettings(),
        readiness=Readiness(DATABASE, MQTT, STATE),
        routers=[
            signs.router,
            signing_keys.router,
            lots.router,
            bays.router,
            orders.router,
            bay_orders.router,
            counts.router,
            alert_router("parking:operate"),
            rejection_router("quarantine"),
            history.router,
            turnover.router,
            effect.router,
            forecast.router,
            display.router,
        ],
        broadcasters=[streams],
    )
    app.state.board = board
    app.state.sign_streams = streams
    app.state.forecast_checks = {}
    app.state.screens = screens = Screens(board, streams)
    app.state.certainty = certainty = Certainty()
    app.add_middleware(SignAnswers, screens=screens, certainty=certainty)
    return app

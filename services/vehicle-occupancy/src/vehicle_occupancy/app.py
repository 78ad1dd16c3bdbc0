"""The HTTP application: what every service answers about itself, and nothing else yet."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from stadttakt_runtime.http.app import create_app as create_service_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.service import DATABASE
from vehicle_occupancy.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; needs neither broker nor database."""
    return create_service_app(
        title="Stadttakt vehicle occupancy",
        description="How full the city's trams and buses are.",
        version=version("stadttakt-vehicle-occupancy"),
        settings=settings or Settings(),
        readiness=Readiness(DATABASE),
    )

"""The HTTP application: what every service answers about itself, and nothing else yet."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from open_data_publisher.settings import Settings
from stadttakt_runtime.http.app import create_app as create_service_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.service import DATABASE


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; needs neither broker nor database."""
    return create_service_app(
        title="Stadttakt open-data publisher",
        description="What the city publishes: feeds, catalogue and portal.",
        version=version("stadttakt-open-data-publisher"),
        settings=settings or Settings(),
        readiness=Readiness(DATABASE),
    )

"""The HTTP application; needs neither broker nor database to be built."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from measure_registry.api import casework, city, ideas, measures, subprojects
from measure_registry.sealing import Vault
from measure_registry.service import MQTT
from measure_registry.settings import Settings
from stadttakt_runtime.alerts import alert_router
from stadttakt_runtime.http.app import create_app as create_service_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.service import DATABASE


def create_app(settings: Settings | None = None, vault: Vault | None = None) -> FastAPI:
    """Build the application; without a vault ideas are taken without contact data."""
    app = create_service_app(
        title="Stadttakt measure registry",
        description="Ideas of citizens and the measures that come of them.",
        version=version("stadttakt-measure-registry"),
        settings=settings or Settings(),
        readiness=Readiness(DATABASE, MQTT),
        routers=[
            ideas.router,
            casework.router,
            measures.router,
            subprojects.router,
            city.router,
            alert_router("registry:read"),
        ],
    )
    app.state.vault = vault
    return app

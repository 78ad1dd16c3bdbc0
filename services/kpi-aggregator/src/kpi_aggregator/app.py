# SPDX-License-Identifier: EUPL-1.2
"""The HTTP application; needs neither broker nor database to be built."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from kpi_aggregator.api import explanation, indicators, proposals, reports, scorecard, value_import
from kpi_aggregator.api.acting import WithPseudonyms
from kpi_aggregator.pages import entrance, entry, files, filing, indicator
from kpi_aggregator.pages import reports as reports_page
from kpi_aggregator.pages import scorecard as scorecard_page
from kpi_aggregator.pages.assets import ASSETS
from kpi_aggregator.pages.problem import OWN, show_problem
from kpi_aggregator.pages.rooms import ROOMS
from kpi_aggregator.settings import Settings, pseudonyms_of
from stadttakt_runtime.alerts import alert_router
from stadttakt_runtime.http import problem_pages
from stadttakt_runtime.http.app import create_app as create_service_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.login.rooms import install_login
from stadttakt_runtime.service import DATABASE


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; needs neither broker nor database."""
    settings = settings or Settings()
    app = create_service_app(
        title="Stadttakt KPI aggregator",
        description="The city's indicators, computed from what the services measure.",
        version=version("stadttakt-kpi-aggregator"),
        settings=settings,
        readiness=Readiness(DATABASE),
        routers=[
            indicators.router,
            value_import.router,
            proposals.router,
            scorecard.router,
            explanation.router,
            reports.router,
            scorecard_page.router,
            indicator.router,
            reports_page.router,
            entry.router,
            filing.router,
            files.router,
            entrance.router,
            ASSETS.router(),
            alert_router("kpi:write"),
        ],
        larger_bodies={filing.PAGE: filing.MOST_BODY_BYTES},
    )
    app.state.portal_url = settings.portal_url
    app.state.public_url = settings.public_url
    app.add_middleware(WithPseudonyms, pseudonyms=pseudonyms_of(settings))
    problem_pages.install(app, show_problem, own=OWN)
    install_login(app, ROOMS, settings, settings.public_url)
    return app

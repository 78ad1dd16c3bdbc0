# SPDX-License-Identifier: EUPL-1.2
"""The HTTP application; needs neither broker nor database to be built."""

from __future__ import annotations

from importlib.metadata import version
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from open_data_publisher.api import (
    catalog,
    dataset_pages,
    datasets,
    deliveries,
    feeds,
    pull,
    sensorthings,
    usage,
)
from open_data_publisher.api.feed_answers import FeedAnswers
from open_data_publisher.api.pages.install import ROUTERS, install
from open_data_publisher.board import Board
from open_data_publisher.datasets.preview import Previews
from open_data_publisher.deliveries.targets import Targets
from open_data_publisher.domain.disclosure import Disclosure
from open_data_publisher.domain.policy import CLOSED, Policy
from open_data_publisher.domain.portal import NOWHERE, PortalCity
from open_data_publisher.domain.publication import Publication
from open_data_publisher.service import STATE
from open_data_publisher.settings import Settings
from open_data_publisher.shelf import Shelf
from open_data_publisher.then import Turns
from open_data_publisher.things import Things
from open_data_publisher.usage.counting import Tally, UsageMiddleware
from stadttakt_runtime.alerts import alert_router
from stadttakt_runtime.broker_readiness import MQTT
from stadttakt_runtime.http.app import create_app as create_service_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.leadership import Certainty
from stadttakt_runtime.service import DATABASE


def create_app(
    settings: Settings | None = None,
    publication: Publication | None = None,
    city: PortalCity = NOWHERE,
    targets: Targets | None = None,
) -> FastAPI:
    """Build the application around an empty board, which the service fills."""
    settings = settings or Settings()
    app = create_service_app(
        title="Stadttakt open data",
        description="Feeds, catalogue and portal.",
        version=version("stadttakt-open-data-publisher"),
        settings=settings,
        readiness=Readiness(DATABASE, MQTT, STATE),
        routers=[
            feeds.router,
            datasets.router,
            dataset_pages.router,
            catalog.router,
            sensorthings.router,
            deliveries.router,
            usage.router,
            pull.router,
            alert_router("deliveries:read"),
            *ROUTERS,
        ],
    )
    app.state.board = Board()
    app.state.shelf = Shelf()
    app.state.publication = publication
    install(app, settings, city)
    app.state.present = set()
    policy = publication.policy if publication else CLOSED
    app.state.disclosure = Disclosure(policy)
    app.state.things = _things(app, publication, policy)
    app.state.turns = Turns()
    app.state.previews = Previews()
    app.state.catalogue_pages = catalog.Pages()
    app.state.targets = targets or Targets()
    app.state.pulled = pull.PullShelf()
    app.state.certainty = Certainty()
    app.state.tally = Tally(ZoneInfo(city.timezone))
    app.add_middleware(UsageMiddleware, tally=app.state.tally)
    app.add_middleware(FeedAnswers, shelf=app.state.shelf, tally=app.state.tally)
    return app


def _things(app: FastAPI, publication: Publication | None, policy: Policy) -> Things:
    tells_simulated = publication is None or publication.tells_simulated
    return Things(app.state.board, policy, app.state.present, tells_simulated=tells_simulated)

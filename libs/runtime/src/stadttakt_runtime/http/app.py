# SPDX-License-Identifier: EUPL-1.2
"""The application factory that every service calls; needs neither broker nor database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from stadttakt_runtime.auth.authenticator import Authenticator
from stadttakt_runtime.database import Database
from stadttakt_runtime.http import errors, openapi
from stadttakt_runtime.http.body_limit import BodyLimit
from stadttakt_runtime.http.head import HeadAsGet
from stadttakt_runtime.http.headers import SecurityHeaders, public_reads
from stadttakt_runtime.http.hot import HotRoute
from stadttakt_runtime.http.probes import docs_router, probe_router
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.http.sse import Broadcaster
from stadttakt_runtime.http.trace_context import TraceLogs
from stadttakt_runtime.metrics import RequestMetrics
from stadttakt_runtime.settings import ServiceSettings

LICENCE = {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}


def create_app(  # noqa: PLR0913 (all by name)
    *,
    title: str,
    description: str,
    version: str,
    settings: ServiceSettings,
    readiness: Readiness,
    routers: Sequence[APIRouter] = (),
    broadcasters: Sequence[Broadcaster] = (),
    hot_routes: Sequence[HotRoute] = (),
    larger_bodies: Mapping[str, int] | None = None,
) -> FastAPI:
    """Build a service's application from its routers.

    A router carries its own full prefix (`APIRouter(prefix="/v1/lots")`), which is what the
    metrics show. `larger_bodies` are bytes by path, where the general limit is too small.
    `attach_database` follows once there is one.
    """
    app = FastAPI(
        title=title,
        description=description,
        version=version,
        license_info=LICENCE,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(TraceLogs),
            Middleware(RequestMetrics),
            Middleware(HeadAsGet),
            Middleware(SecurityHeaders),
            public_reads(),
            Middleware(BodyLimit, max_bytes=settings.max_body_bytes, larger=larger_bodies),
        ],
    )
    app.state.settings = settings
    app.state.readiness = readiness
    app.state.broadcasters = tuple(broadcasters)
    errors.install(app)
    openapi.install(app)
    app.router.routes.extend(hot_routes)
    # Routes are tried in order; those that are asked for most come first.
    for router in (*routers, probe_router(readiness), docs_router()):
        app.include_router(router)
    return app


def attach_database(app: FastAPI, database: Database) -> None:
    """Give the application its database, and with it the API keys."""
    app.state.database = database
    app.state.authenticator = Authenticator.of(database, app.state.settings)


def drain(app: FastAPI) -> None:
    """Stop being ready and end all event streams, since the server waits for open answers."""
    app.state.readiness.clear("process", "shutting down")
    for broadcaster in app.state.broadcasters:
        broadcaster.close()

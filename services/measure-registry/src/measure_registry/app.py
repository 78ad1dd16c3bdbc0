# SPDX-License-Identifier: EUPL-1.2
"""The HTTP application; needs neither broker nor database to be built."""

from __future__ import annotations

import secrets
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from measure_registry.api import (
    attachments,
    casework,
    city,
    export,
    export_measures,
    formats,
    ideas,
    import_csv,
    measures,
    places,
    redaction,
    subprojects,
)
from measure_registry.api.pages import (
    entrance,
    feeds,
    form,
    map_page,
    profiles,
    public,
    refusals,
    staff,
    status,
)
from measure_registry.api.pages.reading import MOST_FORM_BYTES
from measure_registry.api.pages.staff.kept_files import KeptFiles
from measure_registry.cleaning.kinds import MOST_BYTES
from measure_registry.profiles.print import Printer
from measure_registry.sealing import KEY_BYTES, Stamp, Vault
from measure_registry.settings import Settings
from measure_registry.site.frame import ASSETS, Site
from stadttakt_runtime.alerts import alert_router
from stadttakt_runtime.broker_readiness import MQTT
from stadttakt_runtime.http import problem_pages
from stadttakt_runtime.http.app import create_app as create_service_app
from stadttakt_runtime.http.limiter import Limiter
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.login.rooms import install_login
from stadttakt_runtime.service import DATABASE

ROUTERS = (
    ASSETS.router(),
    form.router,
    status.router,
    public.router,
    profiles.router,
    feeds.router,
    map_page.router,
    entrance.router,
    *staff.ROUTERS,
    import_csv.router,
    export.router,
    places.router,
    export_measures.router,
    ideas.router,
    attachments.router,
    casework.router,
    redaction.router,
    measures.router,
    subprojects.router,
    formats.router,
    city.router,
    alert_router("registry:read"),
)


class _LargerBodies(dict[str, int]):
    """Limits by path, with that of attachments, whose paths hold an idea's id."""

    def get(self, path: str, default: Any = 0, /) -> Any:
        """Return how many bytes a path takes."""
        if path.startswith("/v1/ideas/") and path.endswith("/attachments"):
            return MOST_BYTES
        return super().get(path, default)


def _shared_key(vault: Vault | None, purpose: bytes) -> bytes:
    """Return a key that instances with the same key file share; without one it is this process's."""
    return secrets.token_bytes(KEY_BYTES) if vault is None else vault.derived(purpose)


def create_app(settings: Settings | None = None, vault: Vault | None = None) -> FastAPI:
    """Build the application; without a vault ideas are taken without contact data."""
    settings = settings or Settings()
    app = create_service_app(
        title="Stadttakt measure registry",
        description="Ideas of citizens and the measures that come of them.",
        version=version("stadttakt-measure-registry"),
        settings=settings,
        readiness=Readiness(DATABASE, MQTT),
        larger_bodies=_LargerBodies(
            {
                "/": MOST_FORM_BYTES,
                staff.ENTRY: MOST_FORM_BYTES,
                "/v1/ideas:import": import_csv.IMPORT_BYTES,
                # a byte more than is taken is answered in words; and a form around it
                staff.IMPORT: import_csv.IMPORT_BYTES + 1_000_000,
            }
        ),
        routers=ROUTERS,
    )
    problem_pages.install(app, refusals.show_problem, own=refusals.OWN)
    app.state.vault = vault
    app.state.stamp = Stamp(_shared_key(vault, b"stamp"))
    # with a vault, instances share sessions also where the provider asks for no secret
    key = None if vault is None else vault.derived(b"session")
    install_login(app, entrance.ROOMS, settings, settings.public_url, key)
    # a budget each, so that a program that floods the API keeps nobody from the form
    app.state.limiter = Limiter(settings.intake_per_address)
    app.state.api_limiter = Limiter(settings.intake_per_address)
    app.state.printer = Printer()
    app.state.kept_files = KeptFiles()
    app.state.site = Site(settings.public_url)
    return app

# SPDX-License-Identifier: EUPL-1.2
"""Runs the service until SIGTERM or SIGINT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from open_data_publisher.app import create_app
from open_data_publisher.city import read_names, read_publication
from open_data_publisher.city_portal import read_portal, refuse_unfinished
from open_data_publisher.deliveries import targets as delivery_targets
from open_data_publisher.migrations import MIGRATIONS
from open_data_publisher.service import OpenData
from open_data_publisher.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.errors import OperatorError
from stadttakt_runtime.process import Worker, run
from stadttakt_runtime.service import serve_with_database


async def serve(settings: Settings) -> None:
    """Run HTTP server and workers."""
    folder = settings.city
    if folder is None:
        raise OperatorError("STADTTAKT_CITY names no folder: what is published, and by whom?")
    names = read_names(folder)
    city = read_portal(folder, names)
    publication = read_publication(folder, names)
    if settings.public_url:
        publication = replace(publication, base_url=settings.public_url.rstrip("/"))
    if settings.production:
        refuse_unfinished(folder, city, publication)
    app = create_app(
        settings,
        replace(publication, tells_simulated=not settings.production),
        city,
        targets=_targets(settings, folder),
    )

    def workers(database: Database) -> Sequence[Worker]:
        service = OpenData(settings, folder, database, app)
        return [service.keep_state, service.report_readiness]

    await serve_with_database(settings, app, MIGRATIONS, workers)


def _targets(settings: Settings, city: Path) -> delivery_targets.Targets:
    """Return to whom is delivered, by the city or by a file of the operator's own."""
    if settings.targets is not None and not settings.targets.is_file():
        raise OperatorError(f"STADTTAKT_OPENDATA_TARGETS: {settings.targets} is no file")
    file = settings.targets or city / delivery_targets.FILE
    return delivery_targets.read_targets(file, settings.secrets)


def main() -> None:
    """Run the service."""
    settings = Settings()
    run("open-data-publisher", settings, lambda: serve(settings))


if __name__ == "__main__":
    main()

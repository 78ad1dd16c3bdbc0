# SPDX-License-Identifier: EUPL-1.2
"""Runs the service until SIGTERM or SIGINT."""

from __future__ import annotations

from collections.abc import Sequence

from stadttakt_runtime.database import Database
from stadttakt_runtime.process import Worker, run
from stadttakt_runtime.service import serve_with_database
from vehicle_occupancy.app import create_app
from vehicle_occupancy.migrations import MIGRATIONS
from vehicle_occupancy.service import Transit
from vehicle_occupancy.settings import Settings


async def serve(settings: Settings) -> None:
    """Run HTTP server and workers."""
    app = create_app(settings)

    def workers(database: Database) -> Sequence[Worker]:
        transit = Transit(settings, database, app)
        return [transit.keep_state, transit.report_readiness]

    await serve_with_database(settings, app, MIGRATIONS, workers)


def main() -> None:
    """Run the service."""
    settings = Settings()
    run("vehicle-occupancy", settings, lambda: serve(settings))


if __name__ == "__main__":
    main()

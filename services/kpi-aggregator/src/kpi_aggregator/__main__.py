# SPDX-License-Identifier: EUPL-1.2
"""Runs the service until SIGTERM or SIGINT."""

from __future__ import annotations

from collections.abc import Sequence

from kpi_aggregator.app import create_app
from kpi_aggregator.migrations import MIGRATIONS
from kpi_aggregator.service import Kpi
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import Worker, run
from stadttakt_runtime.service import serve_with_database


async def serve(settings: Settings) -> None:
    """Run HTTP server and workers."""
    app = create_app(settings)

    def workers(database: Database) -> Sequence[Worker]:
        return [Kpi(settings, database).work]

    await serve_with_database(settings, app, MIGRATIONS, workers)


def main() -> None:
    """Run the service."""
    settings = Settings()
    run("kpi-aggregator", settings, lambda: serve(settings))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: EUPL-1.2
"""Runs the service until SIGTERM or SIGINT."""

from __future__ import annotations

from collections.abc import Sequence

from parking_occupancy.app import create_app
from parking_occupancy.migrations import MIGRATIONS
from parking_occupancy.service import Parking
from parking_occupancy.settings import ParkingSettings
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import Worker, run
from stadttakt_runtime.service import serve_with_database


async def serve(settings: ParkingSettings) -> None:
    """Run HTTP server and workers."""
    app = create_app(settings)

    def workers(database: Database) -> Sequence[Worker]:
        parking = Parking(settings, database, app)
        return [parking.keep_state, parking.watch_signs, parking.report_readiness]

    await serve_with_database(settings, app, MIGRATIONS, workers)


def main() -> None:
    """Run the service."""
    settings = ParkingSettings()
    run("parking-occupancy", settings, lambda: serve(settings))


if __name__ == "__main__":
    main()

"""Runs the service until SIGTERM or SIGINT."""

from __future__ import annotations

from stadttakt_runtime.process import run
from stadttakt_runtime.service import serve_with_database
from vehicle_occupancy.app import create_app
from vehicle_occupancy.migrations import MIGRATIONS
from vehicle_occupancy.settings import Settings


def main() -> None:
    """Run the service."""
    settings = Settings()
    app = create_app(settings)
    run("vehicle-occupancy", settings, lambda: serve_with_database(settings, app, MIGRATIONS))


if __name__ == "__main__":
    main()

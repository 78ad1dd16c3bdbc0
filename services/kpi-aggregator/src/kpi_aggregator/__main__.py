"""Runs the service until SIGTERM or SIGINT."""

from __future__ import annotations

from kpi_aggregator.app import create_app
from kpi_aggregator.migrations import MIGRATIONS
from kpi_aggregator.settings import Settings
from stadttakt_runtime.process import run
from stadttakt_runtime.service import serve_with_database


def main() -> None:
    """Run the service."""
    settings = Settings()
    app = create_app(settings)
    run("kpi-aggregator", settings, lambda: serve_with_database(settings, app, MIGRATIONS))


if __name__ == "__main__":
    main()

"""Runs the service until SIGTERM or SIGINT."""

from __future__ import annotations

from open_data_publisher.app import create_app
from open_data_publisher.migrations import MIGRATIONS
from open_data_publisher.settings import Settings
from stadttakt_runtime.process import run
from stadttakt_runtime.service import serve_with_database


def main() -> None:
    """Run the service."""
    settings = Settings()
    app = create_app(settings)
    run("open-data-publisher", settings, lambda: serve_with_database(settings, app, MIGRATIONS))


if __name__ == "__main__":
    main()

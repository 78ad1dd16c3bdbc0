"""Runs the service until SIGTERM or SIGINT."""

from __future__ import annotations

from measure_registry.app import create_app
from measure_registry.migrations import MIGRATIONS
from measure_registry.settings import Settings
from stadttakt_runtime.process import run
from stadttakt_runtime.service import serve_with_database


def main() -> None:
    """Run the service."""
    settings = Settings()
    app = create_app(settings)
    run("measure-registry", settings, lambda: serve_with_database(settings, app, MIGRATIONS))


if __name__ == "__main__":
    main()

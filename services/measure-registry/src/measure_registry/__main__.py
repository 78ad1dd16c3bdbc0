# SPDX-License-Identifier: EUPL-1.2
"""Runs the service until SIGTERM or SIGINT."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from measure_registry.app import create_app
from measure_registry.migrations import MIGRATIONS
from measure_registry.sealing import Vault
from measure_registry.service import Registry
from measure_registry.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.plain_words import first_fault
from stadttakt_runtime.process import Worker, run
from stadttakt_runtime.service import serve_with_database

log = get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Run HTTP server and workers."""
    app = create_app(settings, _vault(settings))

    def workers(database: Database) -> Sequence[Worker]:
        registry = Registry(settings, database, app)
        return [
            registry.tell_broker,
            registry.report_readiness,
            registry.forget,
            registry.send_mails,
        ]

    await serve_with_database(settings, app, MIGRATIONS, workers)


def _vault(settings: Settings) -> Vault | None:
    if settings.contact_key_file is None:
        log.warning("contact_key_not_set", consequence="ideas are taken without contact data")
        return None
    return Vault.of_file(settings.contact_key_file)


def main() -> None:
    """Run the service."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise SystemExit(f"settings: {first_fault(error)}") from error
    run("measure-registry", settings, lambda: serve(settings))


if __name__ == "__main__":
    main()

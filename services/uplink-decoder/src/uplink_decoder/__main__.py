# SPDX-License-Identifier: EUPL-1.2
"""Runs the decoder until SIGTERM or SIGINT."""

from __future__ import annotations

from collections.abc import Sequence

from stadttakt_runtime.database import Database
from stadttakt_runtime.process import Worker, run
from stadttakt_runtime.service import serve_with_database
from uplink_decoder.app import create_app
from uplink_decoder.migrations import MIGRATIONS
from uplink_decoder.service import Decoder
from uplink_decoder.settings import UplinkSettings


async def serve(settings: UplinkSettings) -> None:
    """Run HTTP server and workers."""
    app = create_app(settings)

    def workers(database: Database) -> Sequence[Worker]:
        decoder = Decoder(settings, database, app.state.sources, app)
        return [
            decoder.ingest,
            decoder.keep_house,
            decoder.prune,
            decoder.alerts.run,
            decoder.check_ledger,
            decoder.replay,
            decoder.backfill.run,
            decoder.report_readiness,
            decoder.source_watch.run,
            decoder.rollups.run,
            decoder.examiner.run,
            decoder.watch.run,
            decoder.backing.watch_archive,
            *([decoder.backing.watch_broker] if settings.broker_statistics else []),
            *([decoder.leave] if settings.leave else []),
        ]

    await serve_with_database(settings, app, MIGRATIONS, workers)


def main() -> None:
    """Run the service."""
    settings = UplinkSettings()
    run("uplink-decoder", settings, lambda: serve(settings))


if __name__ == "__main__":
    main()

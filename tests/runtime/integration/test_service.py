# SPDX-License-Identifier: EUPL-1.2
"""Any service's process against a database that goes and comes; the KPI aggregator stands for all."""

from kpi_aggregator.migrations import MIGRATIONS
from stadttakt_runtime.migrations.platform import PLATFORM
from stadttakt_runtime.migrations.upgrade import migrate
from support.service import running, wait_for
from support.stack import fresh_stack


def test_service_says_when_its_database_is_away_and_comes_back() -> None:
    with fresh_stack() as stack:
        with stack.postgres:
            migrate(stack.postgres.url, [PLATFORM, MIGRATIONS])
        url = stack.postgres.url
        with stack.postgres, running("kpi_aggregator", STADTTAKT_DATABASE_URL=url) as client:
            wait_for(client, "/ready", 200)
            stack.postgres.kill()
            away = wait_for(client, "/ready", 503)
            assert away.json()["missing"] == [
                {"condition": "database", "reason": "does not answer"}
            ]
            assert client.get("/live").status_code == 200
            refused = client.get("/metrics")
            assert refused.status_code == 200
            with stack.postgres:
                wait_for(client, "/ready", 200)

# SPDX-License-Identifier: EUPL-1.2
"""Any service's process against a database that goes and comes; the KPI aggregator stands for all."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from kpi_aggregator.migrations import MIGRATIONS
from stadttakt_runtime import service
from stadttakt_runtime.migrations.platform import PLATFORM
from stadttakt_runtime.migrations.upgrade import migrate
from support.service import running, wait_for
from support.stack import fresh_stack


async def test_who_starts_looks_at_the_clock_of_the_database_until_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow:
        """One whose answer comes too late twice."""

        answers = iter([False, False, True])

        async def is_reachable(self) -> bool:
            return next(self.answers)

    database: Any = Slow()
    monkeypatch.setattr(service, "LOOK_AGAIN_S", 0)
    with capture_logs() as logs:
        await service._see_clock(database)
    assert [(each["event"], each["what"]) for each in logs] == [("database_away", "clock")] * 2
    assert next(database.answers, None) is None


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

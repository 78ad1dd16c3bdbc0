# SPDX-License-Identifier: EUPL-1.2
"""A report that was ordered replaces none that is due; none is of a time before the framework."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
import yaml

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.domain.spans import Interval, Span
from kpi_aggregator.reporting import print as print_module
from kpi_aggregator.reporting.archive import archive, archive_due
from kpi_aggregator.storage import reports
from stadttakt_runtime.database import SERVER_LETS_GO, Database
from support.indicators import ZONE, indicator, libpq, write_city

BERLIN = ZoneInfo(ZONE)
PAPER = {**indicator("paper", "none", source="manual", period="year")}
del PAPER["formula"]
REPORT = {
    "report_id": "runde", "title": {"de": "Bericht", "en": "Report"}, "every": "month",
    "recipient": {"de": "Konferenz", "en": "Conference"}, "version": 1, "due_days": 5,
}  # fmt: skip


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 4, tzinfo=BERLIN)


async def applied_on(day: datetime, database_url: str, folder: Path) -> None:
    city = write_city(folder, [], [PAPER])
    (city / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [REPORT]}))
    await asyncio.to_thread(apply_city, city, database_url)
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute("update kpi.framework_version set applied_at = %s", (day,))


async def test_an_early_order_does_not_stand_for_the_report_that_is_due(
    database_url: str, tmp_path: Path
) -> None:
    await applied_on(at(1, 1), database_url, tmp_path)
    async with Database.open(database_url, schema="kpi", size=2) as database:
        (september,) = await archive_due(database, at(10, 6))
        october = september.span.after
        assert october == Span(Interval.MONTH, at(10, 1).date())
        async with database.transaction() as connection:
            (definition,) = await reports.definitions(connection)
            early = await archive(connection, definition, october, at(11, 2), cause="order")
        assert await archive_due(database, at(11, 3)) == []
        (due,) = await archive_due(database, at(11, 6))
        assert (due.span, due.cause, early.number, due.number) == (october, "schedule", 1, 2)
        assert await archive_due(database, at(11, 7)) == []


async def test_nothing_is_reported_of_a_time_before_there_was_a_framework(
    database_url: str, tmp_path: Path
) -> None:
    await applied_on(at(10, 20), database_url, tmp_path)
    async with Database.open(database_url, schema="kpi", size=2) as database:
        assert await archive_due(database, at(10, 20)) == []
        assert [each.span.name for each in await archive_due(database, at(11, 6))] == ["2026-10"]


async def test_a_report_may_take_longer_to_draw_than_a_session_may_be_silent(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await applied_on(at(1, 1), database_url, tmp_path)
    monkeypatch.setitem(SERVER_LETS_GO, "idle_in_transaction_session_timeout", "800ms")
    monkeypatch.setattr("stadttakt_runtime.awake.SPEAK_EVERY_S", 0.05)
    slow = b"#for n in range(4000000) { }\n" + print_module._TEMPLATE
    monkeypatch.setattr(print_module, "_TEMPLATE", slow)
    async with Database.open(database_url, schema="kpi", size=2) as database:
        async with asyncio.timeout(100):
            (made,) = await archive_due(database, at(10, 6))
        assert made.number == 1

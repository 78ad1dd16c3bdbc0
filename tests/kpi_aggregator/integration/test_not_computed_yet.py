# SPDX-License-Identifier: EUPL-1.2
"""Between the end of a period and its computation nothing older stands in its place unsaid."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path

import pytest

from kpi_aggregator.computing.run import compute
from kpi_aggregator.domain.outcome import Reason
from kpi_aggregator.domain.spans import Interval, Span
from kpi_aggregator.reporting.archive import archive, archive_due
from kpi_aggregator.reporting.document import ReportDocument
from kpi_aggregator.standings import Horizon, read_standings
from kpi_aggregator.storage import framework, reports
from support.report_world import BERLIN, ReportWorld, at, report_world

NIGHT = datetime(2026, 12, 1, 0, 30, tzinfo=BERLIN)
NOVEMBER = Span(Interval.MONTH, date(2026, 11, 1))


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[ReportWorld]:
    async with report_world(database_url, tmp_path, due_days=0) as world:
        world.occupy(at(10, 1, 0), at(11, 1, 0), 50)
        world.occupy(at(11, 1, 0), at(12, 1, 0), 60)
        await world.report(at(11, 2))
        await compute(world.database, NIGHT)
        yield world


async def missing(world: ReportWorld, now: datetime) -> Reason | None:
    async with world.database.connection() as connection:
        known = await framework.indicators(connection)
        return (await read_standings(connection, known, Horizon(now, on=now.date())))["lot"].missing


async def test_a_report_that_is_due_at_once_waits_until_its_last_day_is_counted(
    world: ReportWorld,
) -> None:
    assert await archive_due(world.database, NIGHT) == []
    after = datetime(2026, 12, 1, 2, 5, tzinfo=BERLIN)
    before = datetime(2026, 12, 1, 1, 59, tzinfo=BERLIN)
    assert await archive_due(world.database, after, computed=before) == []
    await world.report(at(12, 1))
    line = (await world.told("2026-11"))["lot"]
    assert (line["value"]["period"], line["value"]["value"]) == ("2026-11", pytest.approx(60))
    assert line["missing"] is None


async def test_a_card_says_that_the_month_that_ended_is_not_computed_yet(
    world: ReportWorld,
) -> None:
    assert await missing(world, at(11, 30)) is None, "November goes on"
    assert await missing(world, NIGHT) is Reason.NOT_COMPUTED
    await compute(world.database, at(12, 1))
    assert await missing(world, at(12, 1, 5)) is None


async def test_a_report_that_is_ordered_before_says_so(world: ReportWorld) -> None:
    async with world.database.transaction() as connection:
        (definition,) = await reports.definitions(connection)
        edition = await archive(connection, definition, NOVEMBER, NIGHT, cause="order")
        kept = await reports.document(connection, edition.edition_id)
    line = ReportDocument.from_bytes(kept).lines[0]
    assert line.value is not None
    assert (line.value.period, line.missing) == ("2026-10", "noch nicht berechnet")

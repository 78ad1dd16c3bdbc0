# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.run import compute
from kpi_aggregator.domain.causes import Cause
from kpi_aggregator.domain.outcome import Reason
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.standings import Horizon, Stood, read_standings
from kpi_aggregator.storage import computed, framework
from kpi_aggregator.storage.computed import ComputedValue
from stadttakt_runtime.database import Database
from support.indicators import LOTS, ZONE, fill_lot, indicator, libpq, write_city

BERLIN = ZoneInfo(ZONE)
OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
TOLD = dict[date, tuple[float | None, Reason | None, bool]]


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=BERLIN)


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    city = write_city(tmp_path, [LOTS], [indicator("x", "lots")])
    await asyncio.to_thread(apply_city, city, database_url)
    async with Database.open(database_url, schema="kpi") as opened:
        yield opened


@contextmanager
def lost(url: str) -> Iterator[None]:
    rename = "alter view parking.{} rename to {}"
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute(rename.format("v1_lot_quarter_hour", "v1_gone"))  # type: ignore[arg-type]
        yield
        connection.execute(rename.format("v1_gone", "v1_lot_quarter_hour"))  # type: ignore[arg-type]


async def told(database: Database, period: Period = Period.MONTH) -> TOLD:
    async with database.connection() as connection:
        found = await computed.holding(connection, ["x"], period=period)
    return {each.period_start: (each.value, each.reason, each.provisional) for each in found}


async def newest(database: Database, start: date) -> ComputedValue:
    async with database.connection() as connection:
        return (await computed.history(connection, ["x"], Period.MONTH, start=start))[-1]


async def card(database: Database, now: datetime) -> Stood:
    async with database.connection() as connection:
        known = await framework.indicators(connection)
        return (await read_standings(connection, known, Horizon(now, on=now.date())))["x"]


async def test_a_period_that_ran_when_its_source_was_lost_is_closed_with_what_was_counted(
    database: Database, database_url: str
) -> None:
    fill_lot(database_url, "lot", at(2026, 10, 1), at(2026, 11, 20), 10, 20, 20)
    await compute(database, at(2026, 11, 20, 4))
    with lost(database_url):
        await compute(database, at(2026, 11, 25, 4))
        assert (await told(database))[NOVEMBER] == (50, None, True)
        await compute(database, at(2026, 12, 2, 4))
        november = await newest(database, NOVEMBER)
        assert (november.value, november.provisional, november.cause) == (50, False, Cause.SOURCE)
        assert november.completeness == pytest.approx(19 / 30)
        assert (await card(database, at(2026, 12, 10))).missing is None
        await compute(database, at(2027, 1, 5, 4))
        assert (await told(database))[DECEMBER] == (None, Reason.SOURCE_MISSING, False)
        stood = await card(database, at(2027, 1, 6))
        assert stood.standing.value is not None
        assert (stood.standing.value.period_start, stood.missing) == (
            *(NOVEMBER, Reason.SOURCE_MISSING),
        )
        for period, start in ((Period.QUARTER, OCTOBER), (Period.YEAR, date(2026, 1, 1))):
            assert (await told(database, period))[start] == (None, Reason.SOURCE_MISSING, False)
        assert (await compute(database, at(2027, 1, 5, 4))).values == 0


async def test_a_period_of_which_too_little_was_counted_has_no_value_until_its_source_is_back(
    database: Database, database_url: str
) -> None:
    fill_lot(database_url, "lot", at(2026, 10, 1), at(2026, 12, 20), 10, 20, 20)
    await compute(database, at(2026, 11, 5, 4))
    with lost(database_url):
        await compute(database, at(2026, 12, 2, 4))
        november = await newest(database, NOVEMBER)
        assert (november.value, november.reason) == (None, Reason.SOURCE_MISSING)
        assert november.completeness == pytest.approx(4 / 30)
    await compute(database, at(2026, 12, 21, 4))
    november = await newest(database, NOVEMBER)
    assert (november.value, november.completeness, november.cause) == (50, 1, Cause.SOURCE)
    assert (await told(database))[DECEMBER] == (50, None, True)


async def test_what_ended_before_its_source_was_lost_stays_as_it_was(
    database: Database, database_url: str
) -> None:
    fill_lot(database_url, "lot", at(2026, 10, 25), at(2026, 11, 20), 10, 20, 20)
    await compute(database, at(2026, 11, 20, 4))
    before = (await told(database))[OCTOBER]
    assert before == (None, Reason.INCOMPLETE, False)
    with lost(database_url):
        await compute(database, at(2026, 11, 25, 4))
        assert (await told(database))[OCTOBER] == before

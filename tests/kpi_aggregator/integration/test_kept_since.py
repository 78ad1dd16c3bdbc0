# SPDX-License-Identifier: EUPL-1.2
"""Halle's counts of events over the registry's real views, before and since it is kept."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.run import compute
from kpi_aggregator.domain.outcome import Reason
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.settings import Settings
from kpi_aggregator.storage import computed
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.http_app import in_process
from support.indicators import ZONE, libpq

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
COUNTS = ["vernetzungsformate", "integrierte-projekte", "neue-projekte"]
# All days of the test are over: the registry tells no day to come as kept.
BEGUN = datetime(2025, 10, 20, 14, tzinfo=ZoneInfo(ZONE))
KEPT = "update registry.keeping set first_at = %s, declared_since = %s, changed_at = now()"
FORMAT = """
insert into registry.network_format (format_id, version, held_on, definition, created_at, changed_at)
values ('one', 1, '2024-12-03', '{"kind": "workshop", "title": {"de": "T"}, "partners": []}', now(), now())
"""
Told = tuple[float | None, Reason | None, float]
NOT_KEPT: Told = (None, Reason.NOT_KEPT, 0)


def at(year: int, month: int, day: int, hour: int = 4) -> datetime:
    return datetime(year, month, day, hour, tzinfo=ZoneInfo(ZONE))


def keep(url: str, declared: date | None = None) -> None:
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute(KEPT, (BEGUN, declared))


async def told(
    database: Database, indicator_id: str, period: Period = Period.YEAR
) -> dict[date, Told]:
    async with database.connection() as connection:
        found = await computed.holding(connection, [indicator_id], period=period)
    return {
        each.period_start: (each.value, each.reason, round(each.completeness, 3)) for each in found
    }


@pytest.mark.parametrize("indicator_id", COUNTS)
async def test_years_before_the_registry_was_kept_have_no_value(
    database_url: str, indicator_id: str
) -> None:
    await asyncio.to_thread(apply_city, HALLE, database_url)
    keep(database_url)
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, at(2026, 1, 2))
        years = await told(database, indicator_id)
        months = await told(database, indicator_id, Period.MONTH)
        app = create_app(Settings())
        attach_database(app, database)
        async with in_process(app) as client:
            page = (await client.get(f"/kennzahl/{indicator_id}?zeitraum=2024")).text
    kept = round((12 + 30 + 31) / 365, 3)
    assert {day.year: years[day] for day in years if day.year < 2026} == {
        2023: NOT_KEPT, 2024: NOT_KEPT, 2025: (None, Reason.INCOMPLETE, kept),
    }  # fmt: skip
    assert months[date(2025, 9, 1)] == NOT_KEPT
    assert months[date(2025, 10, 1)] == (None, Reason.INCOMPLETE, round(12 / 31, 3))
    assert months[date(2025, 11, 1)] == (0, None, 1)
    assert '<p class="figure is-missing">Register wurde noch nicht geführt</p>' in page
    assert "davor wurde nicht gezählt" in page


async def test_what_a_city_declares_kept_is_counted_at_once(database_url: str) -> None:
    await asyncio.to_thread(apply_city, HALLE, database_url)
    keep(database_url)
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute(FORMAT)
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, at(2025, 11, 20))
        before = await told(database, "vernetzungsformate")
        keep(database_url, date(2024, 1, 1))
        await compute(database, at(2025, 11, 20, 5))
        after = await told(database, "vernetzungsformate")
        keep(database_url)
        await compute(database, at(2025, 11, 21))
        again = await told(database, "vernetzungsformate")
    assert before[date(2024, 1, 1)] == NOT_KEPT
    assert (after[date(2023, 1, 1)], after[date(2024, 1, 1)]) == (NOT_KEPT, (1, None, 1))
    assert again[date(2024, 1, 1)] == NOT_KEPT

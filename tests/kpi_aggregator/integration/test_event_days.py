# SPDX-License-Identifier: EUPL-1.2
"""Events use the city's days, and what a delay held back is told when it ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.becoming_public import begin
from kpi_aggregator.computing.run import compute
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.values import Proposal
from kpi_aggregator.storage import events, framework, values
from stadttakt_runtime.database import Database
from support.indicators import LOTS, ZONE, fill_lot, indicator, write_city

BERLIN = ZoneInfo(ZONE)
ENTERED: dict[str, Any] = {**indicator("paper", "none", source="manual", period="year")}
del ENTERED["formula"]
NEW_YEAR = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


def at(month: int, day: int, hour: int = 4) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=BERLIN)


async def approve(connection: Any, year: int, when: datetime) -> None:
    proposal = Proposal(
        "paper", Period.YEAR, date(year, 1, 1), 20, "Liste", date(year, 12, 31), "Amt", "neu"
    )
    stored = await values.propose(connection, proposal, version=1, author="one", now=when)
    decision = values.Decision("approved", "two", when, "gut", "Leitung")
    held = await values.decide(connection, stored.value_id, decision)
    known = await framework.indicator(connection, "paper")
    assert known is not None
    await events.of_entered(connection, known, held)


async def told(connection: Any) -> list[tuple[str, str, bool, bool]]:
    """Return of whom events tell, of which period, whether it goes on, whether all may know; once."""
    rows = await connection.fetch("delete from value_event returning number, body::text as body")
    bodies = [orjson.loads(row["body"]) for row in sorted(rows, key=lambda row: row["number"])]
    return [
        (each["indicator_id"], each["period_start"], each["provisional"], each["public"])
        for each in bodies
        if each["period"] in {"month", "year"}
    ]


@pytest.mark.parametrize("publication", [None, {"least_period": "year"}])
async def test_a_year_is_over_when_it_is_in_the_city(
    database_url: str, tmp_path: Path, publication: dict[str, Any] | None
) -> None:
    city = write_city(tmp_path, [], [{**ENTERED, "publication": publication}])
    await asyncio.to_thread(apply_city, city, database_url)
    async with (
        Database.open(database_url, schema="kpi", size=1) as database,
        database.transaction() as connection,
    ):
        await approve(connection, 2026, NEW_YEAR)
        assert await told(connection) == [("paper", "2026-01-01", False, True)]


async def test_what_was_held_back_is_told_once_when_its_delay_ends(
    database_url: str, tmp_path: Path
) -> None:
    fill_lot(database_url, "north", at(9, 1, 0), at(10, 1, 0), 10, 20, 20)
    late = {"publication": {"delay_days": 20}}
    indicators = [{**indicator("x", "lots"), **late}, {**ENTERED, **late}, indicator("y", "lots")]
    city = write_city(tmp_path, [LOTS], indicators)
    await asyncio.to_thread(apply_city, city, database_url)
    async with Database.open(database_url, schema="kpi", size=2) as database:
        await database.persist(lambda connection: begin(connection, at(10, 2)))
        await compute(database, at(10, 2))
        async with database.transaction() as connection:
            found = await told(connection)
            assert ("x", "2026-09-01", False, False) in found
            assert ("y", "2026-09-01", False, True) in found
            for day in (19, 20):
                await begin(connection, at(10, day))
                assert await told(connection) == []
            await begin(connection, at(10, 22))
            assert await told(connection) == [("x", "2026-09-01", False, True)]
            await begin(connection, at(10, 23))
            assert await told(connection) == []


async def test_what_was_approved_when_its_delay_was_over_is_told_once(
    database_url: str, tmp_path: Path
) -> None:
    late = {"publication": {"delay_days": 20}}
    await asyncio.to_thread(
        apply_city, write_city(tmp_path, [], [{**ENTERED, **late}]), database_url
    )
    async with (
        Database.open(database_url, schema="kpi", size=1) as database,
        database.transaction() as connection,
    ):
        await begin(connection, at(1, 15))
        await approve(connection, 2025, at(1, 16))
        assert await told(connection) == [("paper", "2025-01-01", False, False)]
        await begin(connection, at(1, 21))
        assert await told(connection) == [("paper", "2025-01-01", False, True)]
        await approve(connection, 2025, at(1, 21, 12))
        assert await told(connection) == [("paper", "2025-01-01", False, True)]
        await begin(connection, at(1, 22))
        assert await told(connection) == []


async def test_what_a_delay_held_back_is_told_in_the_unit_of_its_own_version(
    database_url: str, tmp_path: Path
) -> None:
    fill_lot(database_url, "north", at(9, 1, 0), at(10, 1, 0), 10, 20, 20)
    month = {**indicator("x", "lots"), "publication": {"delay_days": 20}}
    # The year 2025 is told on 20 October.
    year = {**ENTERED, "publication": {"delay_days": 292}}
    await asyncio.to_thread(apply_city, write_city(tmp_path, [LOTS], [month, year]), database_url)
    renewed = {"unit": "Teile", "version": 2}
    city = [{**LOTS, **renewed}], [{**month, **renewed}, {**year, **renewed}]
    async with Database.open(database_url, schema="kpi", size=2) as database:
        await database.persist(lambda connection: begin(connection, at(10, 2)))
        await compute(database, at(10, 2))
        await database.persist(lambda connection: approve(connection, 2025, at(10, 3)))
        await asyncio.to_thread(apply_city, write_city(tmp_path, *city), database_url)
        async with database.transaction() as connection:
            await connection.execute("delete from value_event")
            await begin(connection, at(10, 22))
            rows = await connection.fetch("select body::text as body from value_event")
    bodies = [orjson.loads(row["body"]) for row in rows]
    told = {
        (each["indicator_id"], each["period"], each["value"], each["unit"], each["version"])
        for each in bodies
        if each["period"] in {"month", "year"} and each["public"]
    }
    assert told == {("x", "month", 50.0, "%", 1), ("paper", "year", 20.0, "%", 1)}

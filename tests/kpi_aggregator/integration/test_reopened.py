# SPDX-License-Identifier: EUPL-1.2
"""A value that was told and holds no more, or only so far: nothing is held against it, and the report says why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg
import pytest

from kpi_aggregator.domain.values import MADE_UP, Proposal
from kpi_aggregator.storage import values
from kpi_aggregator.storage.values import Decision, StoredValue
from support.indicators import libpq
from support.report_world import LOT, PAPER, ReportWorld, at, entry, report_world

Q2 = entry(date(2026, 4, 1), 40, date(2026, 7, 2))
Q3 = entry(date(2026, 7, 1), 50, date(2026, 10, 2))
LONE = {**PAPER, "indicator_id": "lone"}
SO_FAR = replace(Q3, value=55, source_date=date(2026, 9, 28), cause="Liste der Ämter")


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[ReportWorld]:
    async with report_world(database_url, tmp_path) as world:
        await world.enter(Q2, at(7, 3))
        yield world


async def made_up(world: ReportWorld, proposal: Proposal) -> None:
    decision = Decision("approved", MADE_UP, at(10, 3), "zur Vorführung", MADE_UP)
    async with world.database.transaction() as connection:
        proposed = await values.propose(
            connection, proposal, version=1, author=MADE_UP, now=at(10, 3)
        )
        await values.decide(connection, proposed.value_id, decision)


async def waits(world: ReportWorld, proposal: Proposal, hour: int) -> int:
    async with world.database.transaction() as connection:
        found = await values.propose(
            connection, proposal, version=1, author=f"api_key:{hour}", now=at(10, 5, hour)
        )
    return found.value_id


async def approved(world: ReportWorld, value_id: int, day: int) -> StoredValue:
    decision = Decision("approved", "api_key:2", at(10, day), "gesehen", "Leitung")
    async with world.database.transaction() as connection:
        return await values.decide(connection, value_id, decision)


async def test_a_value_so_far_in_place_of_a_made_up_one_reopens_the_quarter(
    world: ReportWorld,
) -> None:
    await made_up(world, Q3)
    await world.report(at(10, 6))
    assert (await world.told("2026-09"))["paper"]["value"]["period"] == "2026-Q3"
    await world.enter(replace(SO_FAR, cause="first entry"), at(10, 20))
    await world.report(at(11, 6))
    line = (await world.told("2026-10"))["paper"]
    assert (line["value"]["period"], line["value"]["value"]) == ("2026-Q2", 40)
    assert line["since"] == {
        "step": "lost", "by": None, "period": "2026-Q3", "value": None, "light": None
    }  # fmt: skip
    page = await world.page("2026-10")
    assert "ohne Vergleich: der zuletzt berichtete Wert für 3. Quartal 2026 gilt nicht mehr" in page
    reopened = (
        "3. Quartal 2026 wieder offen (zuvor 50,0, simuliert; Zwischenstand 55,0): Ersterfassung"
    )
    assert page.count(reopened) == 2, "among the changes, and at the indicator"
    assert "gegenüber 55,0" not in page
    csv = (await world.http.get("/v1/reports/open?period=2026-10&format=csv")).text
    assert "2026-Q3=50.0 (simulated)>55.0 (so far)" in csv


async def test_the_only_value_that_was_told_is_reopened(world: ReportWorld) -> None:
    await world.apply(LOT, LONE, since=at(1, 2))
    await made_up(world, replace(Q3, indicator_id="lone"))
    await world.report(at(10, 6))
    await world.enter(replace(SO_FAR, indicator_id="lone"), at(10, 20))
    await world.report(at(11, 6))
    line = (await world.told("2026-10"))["lone"]
    assert (line["value"]["value"], line["value"]["so_far"]) == (55, True)
    assert (line["since"]["step"], line["since"]["by"]) == ("lost", None)
    assert [each["so_far"] for each in line["corrections"]] == [True]


async def test_of_two_that_wait_the_second_corrects_the_whole_one_approved_before(
    world: ReportWorld,
) -> None:
    whole, second = await waits(world, Q3, 4), await waits(world, SO_FAR, 5)
    assert (await approved(world, whole, 6)).so_far is False
    await world.report(at(10, 7))
    assert (await approved(world, second, 20)).so_far is False
    await world.report(at(11, 6))
    line = (await world.told("2026-10"))["paper"]
    assert (line["value"]["period"], line["value"]["value"]) == ("2026-Q3", 55)
    assert (line["since"]["step"], line["since"]["by"]) == ("corrected", 5)


async def test_of_two_that_wait_with_sources_of_before_the_end_none_confirms_the_other(
    world: ReportWorld,
) -> None:
    one, other = await waits(world, SO_FAR, 4), await waits(world, replace(SO_FAR, value=56), 5)
    assert (await approved(world, one, 6)).so_far is True
    assert (await approved(world, other, 7)).so_far is True
    confirming = await world.enter(replace(SO_FAR, cause="gilt ganz"), at(10, 9))
    assert confirming.so_far is False
    third = await waits(world, replace(SO_FAR, value=57), 6)
    assert (await approved(world, third, 10)).so_far is False, "it corrects the one that confirms"


async def test_a_month_that_lost_its_value_is_told_with_reason_and_cause(
    world: ReportWorld,
) -> None:
    world.occupy(at(9, 1, 0), at(10, 1, 0), 50)
    world.occupy(at(10, 1, 0), at(11, 1, 0), 60)
    await world.report(at(10, 6))
    await world.report(at(11, 6))
    with psycopg.connect(libpq(world.url), autocommit=True) as connection:
        connection.execute(
            "update parking.lot_history set known_share = 0.1, free_mean = free_mean * 0.1,"
            " occupied_mean = occupied_mean * 0.1, unknown_mean = 18, changed_at = now()"
            " where start >= '2026-10-01Z' and start < '2026-11-01Z'"
        )
    world.occupy(at(11, 1, 0), at(12, 1, 0), 70)
    await world.report(at(12, 6))
    line = (await world.told("2026-11"))["lot"]
    assert (line["value"]["period"], line["since"]["step"]) == ("2026-11", "lost")
    assert (
        "Oktober 2026 zurückgenommen (zuvor 60,0), gilt nicht mehr:"
        " zu wenige Daten, verspätete oder berichtigte Daten"
    ) in await world.page("2026-11")


async def test_a_made_up_number_that_a_real_one_replaced_is_marked(world: ReportWorld) -> None:
    await world.apply(LOT, LONE, since=at(1, 2))
    await made_up(world, replace(Q2, indicator_id="lone"))
    await world.report(at(10, 6))
    await world.enter(replace(Q2, indicator_id="lone", value=45, cause="gezählt"), at(10, 19))
    await world.enter(replace(Q3, indicator_id="lone"), at(10, 20))
    await world.report(at(11, 6))
    told = "2. Quartal 2026 berichtigt von 40,0 (simuliert) auf 45,0: gezählt"
    assert (await world.page("2026-10")).count(told) == 2, "among the changes, and at the indicator"

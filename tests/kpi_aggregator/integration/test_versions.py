# SPDX-License-Identifier: EUPL-1.2
"""Values of different versions of an indicator are not held against each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kpi_aggregator.city.apply import apply_and_retire
from kpi_aggregator.computing.run import compute
from kpi_aggregator.storage import values
from support.indicators import LOTS, libpq, write_city
from support.report_world import LOT, PAPER, ReportWorld, at, entry, report_world

Q1 = entry(date(2026, 1, 1), 24.6, date(2026, 4, 1))
Q2 = entry(date(2026, 4, 1), 25, date(2026, 7, 1))
HOURS = {**PAPER, "unit": "Stunden", "version": 2, "method": "in Stunden"}
RENEWED = {**PAPER, "version": 2, "method": "anders gezählt"}


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[ReportWorld]:
    async with report_world(database_url, tmp_path) as world:
        await world.enter(Q1, at(4, 3))
        await world.report(at(7, 6))
        yield world


async def card(world: ReportWorld) -> dict[str, Any]:
    answer = (await world.http.get("/v1/scorecard")).json()
    found: dict[str, Any] = answer["mehrwerte"][0]["indicators"][1]
    return found


async def test_numbers_of_another_unit_are_neither_shown_nor_compared(world: ReportWorld) -> None:
    await world.apply(LOT, HOURS, since=at(7, 20))
    assert (await card(world))["value"] is None, "24.6 was in another unit"
    await world.enter(entry(Q2.period_start, 0.42, date(2026, 7, 1)), at(7, 25), version=2)
    line = await card(world)
    assert (line["value"]["value"], line["before"], line["trend"]) == (0.42, None, None)
    await world.report(at(8, 6))
    told = (await world.told("2026-07"))["paper"]
    assert [point["value"] for point in told["points"]] == [0.42]
    assert (told["since"]["step"], told["since"]["by"], told["since"]["renewed"]) == (
        "new", None, True,
    )  # fmt: skip
    assert "corrections" not in told
    assert "neue Fassung in anderer Einheit, mit dem früheren Wert nicht vergleichbar" in (
        await world.page("2026-07")
    )


async def test_each_value_is_told_in_the_unit_of_its_own_version(world: ReportWorld) -> None:
    await world.apply(LOT, HOURS, since=at(7, 20))
    await world.enter(entry(Q2.period_start, 0.42, date(2026, 7, 1)), at(7, 25), version=2)
    expected = [(24.6, "%", 1, False), (0.42, "Stunden", 2, True)]
    items = (await world.http.get("/v1/indicators/paper/values")).json()["items"]
    told = [
        (each["value"], each["unit"], each["formula_version"], each["in_force"]) for each in items
    ]
    assert told == expected
    assert view(world.url, "paper") == expected
    page = (await world.http.get("/kennzahl/paper?zeitraum=2026-Q1")).text
    assert '<strong>24,6</strong> <span lang="de">%</span>' in page
    assert "Der Wert ist einer früheren Fassung; heute ist die Einheit Stunden." in page
    causes = await world.http.get("/v1/indicators/paper/explanation?period=2026-Q1")
    assert [each["unit"] for each in causes.json()["causes"]] == ["%"]


async def test_computed_values_are_told_in_the_unit_of_their_formulas_version(
    world: ReportWorld,
) -> None:
    world.occupy(at(7, 1, 0), at(8, 1, 0), 60)
    await compute(world.database, at(8, 2))
    assert {each[1:] for each in view(world.url, "lot")} == {("%", 1, True)}
    parts = {"unit": "Teile", "version": 2}
    folder = write_city(world.folder, [{**LOTS, **parts}], [{**LOT, **parts}, HOURS])
    await asyncio.to_thread(apply_and_retire, folder, world.url)
    assert {each[1:] for each in view(world.url, "lot")} == {("%", 1, False)}
    items = (await world.http.get("/v1/indicators/lot/values")).json()["items"]
    assert {(each["unit"], each["in_force"]) for each in items} == {("%", False)}
    assert "60 %" not in (await world.http.get("/kennzahl/lot")).text


def view(url: str, indicator_id: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(libpq(url)) as connection:
        return connection.execute(
            "select value, unit, version, in_force from kpi.v1_indicator_value"
            " where indicator_id = %s order by period_start, period",
            (indicator_id,),
        ).fetchall()


async def test_a_step_to_another_version_is_said_not_to_be_comparable(world: ReportWorld) -> None:
    await world.apply(LOT, RENEWED, since=at(7, 20))
    await world.enter(Q2, at(7, 25), version=2)
    line = await card(world)
    assert (line["before"]["value"], line["trend"]) == (24.6, None)
    await world.report(at(8, 6))
    assert (await world.told("2026-07"))["paper"]["since"]["renewed"] is True
    assert "(nicht vergleichbar: neue Fassung)" in await world.page("2026-07")


async def test_what_was_entered_under_another_version_is_not_approved(world: ReportWorld) -> None:
    async with world.database.transaction() as connection:
        proposed = await values.propose(connection, Q2, version=1, author="api_key:1", now=at(7, 2))
    await world.apply(LOT, HOURS, since=at(7, 20))
    verdict = {"note": "geprüft", "role": "Leitung"}
    path = f"/v1/values/{proposed.value_id}"
    refused = await world.ask("POST", f"{path}:approve", "kpi:approve", json=verdict)
    assert (refused.status_code, refused.json()["why"]) == (409, "other_version")
    rejected = await world.ask("POST", f"{path}:reject", "kpi:approve", json=verdict)
    assert (rejected.status_code, rejected.json()["state"]) == (200, "rejected")

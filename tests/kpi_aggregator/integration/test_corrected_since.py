# SPDX-License-Identifier: EUPL-1.2
"""A report says which values that the last one told were corrected since, and reckons from what holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from support.report_world import ReportWorld, at, corrected, entry, report_world

Q2 = entry(date(2026, 4, 1), 40, date(2026, 7, 2))
Q3 = entry(date(2026, 7, 1), 50, date(2026, 10, 2))


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[ReportWorld]:
    async with report_world(database_url, tmp_path) as world:
        world.occupy(at(9, 1, 0), at(10, 1, 0), 50)
        world.occupy(at(10, 1, 0), at(11, 1, 0), 60)
        await world.enter(Q2, at(7, 3))
        await world.report(at(10, 6))
        await world.report(at(11, 6))
        yield world


async def test_late_data_of_a_month_that_was_told_are_told_with_the_next_one(
    world: ReportWorld,
) -> None:
    world.occupy(at(10, 1, 0), at(11, 1, 0), 100)
    world.occupy(at(11, 1, 0), at(12, 1, 0), 100)
    await world.report(at(12, 6))
    line = (await world.told("2026-11"))["lot"]
    since = line["since"]
    assert (since["step"], since["by"], since["period"], since["value"]) == (
        "steady", None, "2026-10", 100,
    )  # fmt: skip
    assert line["corrections"] == [
        {"period": "2026-10", "before": 60, "value": 100, "cause": "verspätete oder berichtigte Daten"}
    ]  # fmt: skip
    told = "Oktober 2026 berichtigt von 60,0 auf 100,0: verspätete oder berichtigte Daten"
    assert (await world.page("2026-11")).count(told) == 2, "among the changes, and at the indicator"
    assert "frühere Werte berichtigt" in await world.page("2026-11")


async def test_a_step_is_reckoned_from_the_corrected_value(world: ReportWorld) -> None:
    world.occupy(at(10, 1, 0), at(11, 1, 0), 80)
    world.occupy(at(11, 1, 0), at(12, 1, 0), 90)
    await world.report(at(12, 6))
    since = (await world.told("2026-11"))["lot"]["since"]
    assert (since["step"], since["by"], since["value"]) == ("moved", pytest.approx(10), 80)
    assert "+10,0\u00a0Prozentpunkte gegenüber 80,0 (Oktober 2026)" in await world.page("2026-11")


async def test_an_entered_quarter_that_was_corrected_after_the_next_one_is_told(
    world: ReportWorld,
) -> None:
    await world.enter(Q3, at(11, 10))
    await world.enter(corrected(Q2, 45, "Zählfehler im Amt"), at(11, 11))
    await world.report(at(12, 6))
    line = (await world.told("2026-11"))["paper"]
    assert (line["since"]["by"], line["since"]["value"]) == (5, 45)
    assert "2. Quartal 2026 berichtigt von 40,0 auf 45,0: Zählfehler im Amt" in (
        await world.page("2026-11")
    )


async def test_what_nobody_corrected_is_not_said_to_be(world: ReportWorld) -> None:
    world.occupy(at(11, 1, 0), at(12, 1, 0), 90)
    await world.report(at(12, 6))
    assert all("corrections" not in line for line in (await world.told("2026-11")).values())

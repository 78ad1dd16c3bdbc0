# SPDX-License-Identifier: EUPL-1.2
"""A report says which indicators left the framework, came to it, or have other aims than before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.indicators import indicator
from support.report_world import LOT, PAPER, ReportWorld, at, report_world

AIMS = {"baseline": {"value": 90, "at": "2026-01-01"}, "target": {"value": 40, "at": "2026-12-31"}}


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[ReportWorld]:
    async with report_world(database_url, tmp_path) as world:
        world.occupy(at(9, 1, 0), at(11, 1, 0), 50)
        await world.report(at(10, 6))
        yield world


async def changes(world: ReportWorld) -> str:
    page = await world.page("2026-10")
    return page[page.index('id="veraenderungen"') : page.index('id="kennzahlen"')]


async def test_an_indicator_that_left_the_framework_is_named_with_its_last_value(
    world: ReportWorld,
) -> None:
    await world.apply(PAPER, indicator("other", "lots"), since=at(10, 20))
    await world.report(at(11, 6))
    told = await changes(world)
    assert (
        "<strong>lot</strong>: nicht mehr berichtet (zuletzt 50,0\u00a0%, September 2026)." in told
    )
    assert "<strong>other</strong>: neu im Rahmenplan." in told


async def test_other_aims_are_told(world: ReportWorld) -> None:
    await world.apply({**LOT, **AIMS}, PAPER, since=at(10, 10))
    await world.report(at(11, 6))
    told = await changes(world)
    assert "<strong>lot</strong>: Zielwert festgelegt: 40,0\u00a0% (31.12.2026)." in told
    assert "<strong>lot</strong>: Ausgangswert festgelegt: 90,0\u00a0% (01.01.2026)." in told
    later = {"value": 45, "at": "2027-06-30"}
    await world.apply({**LOT, **AIMS, "target": later}, PAPER, since=at(11, 20))
    await world.report(at(12, 6))
    page = await world.page("2026-11")
    assert "Zielwert geändert von 40,0\u00a0% (31.12.2026) auf 45,0\u00a0% (30.06.2027)." in page
    assert "Ausgangswert festgelegt" not in page


async def test_another_direction_is_told(world: ReportWorld) -> None:
    await world.apply({**LOT, "direction": "up"}, PAPER, since=at(10, 20))
    await world.report(at(11, 6))
    assert "Richtung geändert von „weniger ist besser“ auf „mehr ist besser“." in (
        await changes(world)
    )


async def test_what_is_public_no_more_is_named_without_its_value(world: ReportWorld) -> None:
    await world.apply({**LOT, "public": False}, PAPER, since=at(10, 20))
    await world.report(at(11, 6))
    assert "<strong>lot</strong>: nicht mehr berichtet." in await changes(world)
    await world.apply(LOT, PAPER, since=at(11, 20))
    await world.report(at(12, 6))
    assert "<strong>lot</strong>: neu im Bericht." in await world.page("2026-11")


async def test_a_framework_that_stayed_is_not_said_to_have_changed(world: ReportWorld) -> None:
    await world.report(at(11, 6))
    answer = (await world.http.get("/v1/reports/open?period=2026-10&format=json")).json()
    assert "redefined" not in answer

# SPDX-License-Identifier: EUPL-1.2
"""A folder that names less than before is no smaller framework until somebody says so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.storage import framework, reports
from kpi_aggregator.storage.watch import seen
from stadttakt_runtime import plugins
from stadttakt_runtime.cli import build
from stadttakt_runtime.database import Database
from stadttakt_runtime.plugins import CityError
from support.indicators import indicator, write_city

REPORT = {
    "report_id": "runde", "title": {"de": "Bericht", "en": "Report"}, "every": "month",
    "recipient": {"de": "Konferenz", "en": "Conference"}, "version": 1,
}  # fmt: skip


def entered(indicator_id: str) -> dict[str, object]:
    made = indicator(indicator_id, "none", source="manual", period="year")
    del made["formula"]
    return made


def written(folder: Path, *ids: str) -> Path:
    city = write_city(folder, [], [entered(each) for each in ids])
    (city / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [REPORT]}))
    return city


async def in_force(url: str) -> tuple[list[str], list[str], bool]:
    async with (
        Database.open(url, schema="kpi", size=1) as database,
        database.connection() as connection,
    ):
        found = [each.indicator_id for each in await framework.indicators(connection)]
        told = [each.report_id for each in await reports.definitions(connection)]
        return found, told, (await seen(connection)).refused


async def checked(url: str, city: Path) -> str:
    """Return what `city check` says; other services miss their files here."""
    runner = CliRunner(env={"STADTTAKT_DATABASE_URL": url, "COLUMNS": "200"})
    return (await asyncio.to_thread(runner.invoke, build(), ["city", "check", str(city)])).stdout


@pytest.mark.parametrize("cut", ["an indicator", "the reports"])
async def test_what_a_folder_no_longer_names_is_retired_only_on_purpose(
    database_url: str, tmp_path: Path, cut: str
) -> None:
    city = written(tmp_path, "x", "y")
    await asyncio.to_thread(apply_city, city, database_url)
    before = await in_force(database_url)
    assert before == (["x", "y"], ["runde"], False)
    if cut == "an indicator":
        written(tmp_path, "x")
        gone, after = "indicators y", (["x"], ["runde"], False)
    else:
        (city / "kpi/reports.yaml").unlink()
        gone, after = "reports runde", (["x", "y"], [], False)
    named = f"kpi       warning: {gone} no longer named: to be applied with --retire"
    assert named in (await checked(database_url, city))
    with pytest.raises(CityError) as refused:
        await asyncio.to_thread(apply_city, city, database_url)
    told = f"{city}/kpi: {gone} no longer named: with --retire they are told no more"
    assert str(refused.value) == told
    assert await in_force(database_url) == (*before[:2], True)
    retire = plugins.load(plugins.CITY_RETIRING)["kpi"]
    await asyncio.to_thread(retire, city, database_url)
    assert await in_force(database_url) == after
    assert "warning" not in await checked(database_url, city)


async def test_a_check_without_a_database_says_that_nothing_was_compared(tmp_path: Path) -> None:
    city = written(tmp_path, "x")
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    assert (
        "kpi       not compared with what is applied: the database does not answer"
        in await checked(nowhere, city)
    )
    assert "compared" not in await checked("", city)


@pytest.mark.parametrize("broken", ["empty", "renamed", "no list", "no entry"])
async def test_a_broken_file_leaves_the_old_framework_in_force(
    database_url: str, tmp_path: Path, broken: str
) -> None:
    city = written(tmp_path, "x")
    await asyncio.to_thread(apply_city, city, database_url)
    file = city / "kpi/framework.yaml"
    texts = {"empty": "", "no list": "{}\n", "no entry": "indicators: []\n"}
    if broken == "renamed":
        file = file.rename(file.with_suffix(".yml"))
    else:
        file.write_text(texts[broken])
    with pytest.raises(CityError) as refused:
        await asyncio.to_thread(apply_city, city, database_url)
    assert str(refused.value).startswith(f"{file}: ")
    assert await in_force(database_url) == (["x"], ["runde"], True)

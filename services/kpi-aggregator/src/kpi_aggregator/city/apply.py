# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt city apply`: brings the framework to what the folder says, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from kpi_aggregator.city.blanks import refuse_blanks
from kpi_aggregator.city.folder import FOLDER, City, KpiFolder, read_city, read_folder
from kpi_aggregator.city.formula_check import check_formulas
from kpi_aggregator.city.indicator_check import check_indicators
from kpi_aggregator.storage import applications, framework, progress, watch
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.plugins import CityError


def apply_city(folder: Path, database_url: str) -> Sequence[str]:
    """Apply `kpi/` of a city folder, as often as you like; what is gone is retired.

    Raises CityError with file and line, having changed nothing: the old framework stays.
    """
    if not (folder / FOLDER).is_dir():
        return ["no indicators in this city"]
    return asyncio.run(_apply_or_note(folder, database_url))


def check_city(folder: Path, *, production: bool) -> Sequence[str]:
    """Check `kpi/` of a city folder without a database; what views have is checked when it is applied.

    In production no aim may be made up, and nobody be left to name.
    """
    if not (folder / FOLDER).is_dir():
        return ["no indicators in this city"]
    read_city(folder)
    found = read_folder(folder)
    if production:
        refuse_blanks(folder)
    return [
        f"indicators: {len(found.indicators)}, formulas: {len(found.formulas)}, reports: {len(found.reports)}"
    ]


async def _apply_or_note(folder: Path, database_url: str) -> list[str]:
    """Apply a folder; where it is refused, who watches the service is told as well."""
    try:
        return await _apply(read_folder(folder), read_city(folder), database_url)
    except CityError as error:
        reason = str(error)
        async with (
            Database.open(database_url, schema="kpi", size=1) as database,
            database.transaction() as connection,
        ):
            await watch.refuse(connection, reason, utc_now())
        raise


async def _apply(kpi: KpiFolder, city: City, database_url: str) -> list[str]:
    async with (
        Database.open(database_url, schema="kpi", size=1) as database,
        database.transaction() as connection,
    ):
        notes = await check_formulas(connection, kpi.formulas)
        await check_indicators(connection, kpi.located)
        if city.timezone != await framework.timezone(connection):
            await progress.forget_all(connection)
        given = framework.Given(
            mehrwerte=_rows((each.mehrwert, each) for each in kpi.mehrwerte),
            indicators=_indicators(kpi),
            formulas=_rows((each.entry.formula, each.entry) for each in kpi.formulas),
            reports=_rows((each.report_id, each) for each in kpi.reports),
            city=framework.City(city.name, city.timezone),
        )
        changed = await framework.apply(connection, given, utc_now())
        await watch.accept(connection)
        await applications.declare(
            connection, [each.model_dump(mode="json") for each in kpi.applications]
        )
    counts = [
        f"{name}: {total} ({written} new or changed, {retired} retired)"
        for name, total, (written, retired) in (
            ("Mehrwerte", len(kpi.mehrwerte), changed.mehrwerte),
            ("indicators", len(kpi.indicators), changed.indicators),
            ("formulas", len(kpi.formulas), changed.formulas),
            ("reports", len(kpi.reports), changed.reports),
        )
    ]
    return [*counts, *notes]


def _indicators(kpi: KpiFolder) -> list[dict[str, Any]]:
    """Return the indicators with the words of the Leitsätze and Handlungsfelder that they name."""
    rows = _rows((each.indicator_id, each) for each in kpi.indicators)
    for row in rows:
        definition = row["definition"]
        named = [kpi.words.leitsaetze[each] for each in definition["leitsaetze"]]
        definition["leitsaetze"] = [each.model_dump(mode="json") for each in named]
        definition["field_titles"] = {
            each: kpi.words.fields[each].title.model_dump(mode="json")
            for each in definition["fields"]
        }
    return rows


def _rows(entries: Iterable[tuple[str, BaseModel]]) -> list[dict[str, Any]]:
    return [
        {"id": entry_id, "position": position, "definition": entry.model_dump(mode="json")}
        for position, (entry_id, entry) in enumerate(entries)
    ]

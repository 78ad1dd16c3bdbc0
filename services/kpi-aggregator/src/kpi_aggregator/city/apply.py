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

NONE = "no indicators in this city"
ANSWERS_WITHIN_S = 5
"""A service waits for its database as long as it takes; who checks a folder does not."""


def apply_city(folder: Path, database_url: str) -> Sequence[str]:
    """Apply `kpi/` of a city folder, as often as you like; an indicator or report that is gone is refused.

    Raises CityError with file and line, having changed nothing: the old framework stays.
    """
    if not (folder / FOLDER).is_dir():
        return [NONE]
    return asyncio.run(_apply_or_note(folder, database_url, retire=False))


def apply_and_retire(folder: Path, database_url: str) -> Sequence[str]:
    """Apply `kpi/` as `apply_city` does, and retire the indicators and reports that it no longer names."""
    if not (folder / FOLDER).is_dir():
        return [NONE]
    return asyncio.run(_apply_or_note(folder, database_url, retire=True))


def compare_city(folder: Path, database_url: str) -> Sequence[str]:
    """Return what would be retired if `kpi/` of a city folder were applied.

    Raises CityError, and TimeoutError where the database does not answer.
    """
    if not (folder / FOLDER).is_dir():
        return []
    return asyncio.run(_compare(read_folder(folder), database_url))


def check_city(folder: Path, *, production: bool) -> Sequence[str]:
    """Check `kpi/` of a city folder without a database; what views have is checked when it is applied.

    In production no aim may be made up, and nobody be left to name.
    """
    if not (folder / FOLDER).is_dir():
        return [NONE]
    read_city(folder)
    found = read_folder(folder)
    if production:
        refuse_blanks(folder)
    return [
        f"indicators: {len(found.indicators)}, formulas: {len(found.formulas)}, reports: {len(found.reports)}"
    ]


async def _compare(kpi: KpiFolder, database_url: str) -> list[str]:
    try:
        async with (
            asyncio.timeout(ANSWERS_WITHIN_S),
            Database.open(database_url, schema="kpi", size=1) as database,
            database.connection() as connection,
        ):
            before = await framework.in_force(connection)
    except TimeoutError as error:
        raise TimeoutError("the database does not answer") from error
    gone = _words_of(
        before["indicators"] - {each.indicator_id for each in kpi.indicators},
        before["reports"] - {each.report_id for each in kpi.reports},
    )
    return [f"{gone} no longer named: to be applied with --retire"] if gone else []


def _words_of(indicators: Iterable[str], reports: Iterable[str]) -> str:
    """Return what is gone in words; nothing where nothing is."""
    named = (("indicators", sorted(indicators)), ("reports", sorted(reports)))
    return "; ".join(f"{what} {', '.join(gone)}" for what, gone in named if gone)


async def _apply_or_note(folder: Path, database_url: str, *, retire: bool) -> list[str]:
    """Apply a folder; where it is refused, who watches the service is told as well."""
    try:
        return await _apply(folder, database_url, retire=retire)
    except CityError as error:
        reason = str(error)
        async with (
            Database.open(database_url, schema="kpi", size=1) as database,
            database.transaction() as connection,
        ):
            await watch.refuse(connection, reason, utc_now())
        raise


async def _apply(folder: Path, database_url: str, *, retire: bool) -> list[str]:
    kpi, city = read_folder(folder), read_city(folder)
    async with (
        Database.open(database_url, schema="kpi", size=1) as database,
        database.transaction() as connection,
    ):
        notes = await check_formulas(connection, kpi.formulas)
        await check_indicators(connection, kpi.located)
        if city.timezone != await framework.timezone(connection):
            await progress.forget_all(connection)
        changed = await framework.apply(connection, _given(kpi, city), utc_now())
        gone = _words_of(changed.indicators.retired, changed.reports.retired)
        if gone and not retire:
            message = f"{gone} no longer named: with --retire they are told no more"
            raise CityError(folder / FOLDER, message)
        await watch.accept(connection)
        await applications.declare(
            connection, [each.model_dump(mode="json") for each in kpi.applications]
        )
    return [*_counts(kpi, changed), *notes]


def _given(kpi: KpiFolder, city: City) -> framework.Given:
    return framework.Given(
        mehrwerte=_rows((each.mehrwert, each) for each in kpi.mehrwerte),
        indicators=_indicators(kpi),
        formulas=_rows((each.entry.formula, each.entry) for each in kpi.formulas),
        reports=_rows((each.report_id, each) for each in kpi.reports),
        city=framework.City(city.name, city.timezone),
    )


def _counts(kpi: KpiFolder, changed: framework.Applied) -> list[str]:
    return [
        f"{name}: {total} ({each.written} new or changed, {len(each.retired)} retired)"
        for name, total, each in (
            ("Mehrwerte", len(kpi.mehrwerte), changed.mehrwerte),
            ("indicators", len(kpi.indicators), changed.indicators),
            ("formulas", len(kpi.formulas), changed.formulas),
            ("reports", len(kpi.reports), changed.reports),
        )
    ]


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

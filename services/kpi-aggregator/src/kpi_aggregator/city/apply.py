"""`stadttakt city apply`: brings the framework to what the folder says, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from kpi_aggregator.city.folder import FOLDER, KpiFolder, read_folder
from kpi_aggregator.storage import framework
from stadttakt_runtime.database import Database


def apply_city(folder: Path, database_url: str) -> Sequence[str]:
    """Apply `kpi/` of a city folder, as often as you like; what is gone is retired.

    Raises CityError with file and line, having changed nothing: the old framework stays.
    """
    if not (folder / FOLDER).is_dir():
        return ["no indicators in this city"]
    return asyncio.run(_apply(read_folder(folder), database_url))


async def _apply(kpi: KpiFolder, database_url: str) -> list[str]:
    mehrwerte = [
        {"id": each.mehrwert, "position": position, "definition": each.model_dump(mode="json")}
        for position, each in enumerate(kpi.mehrwerte)
    ]
    indicators = [
        {"id": each.indicator_id, "position": position, "definition": each.model_dump(mode="json")}
        for position, each in enumerate(kpi.indicators)
    ]
    async with (
        Database.open(database_url, schema="kpi", size=1) as database,
        database.transaction() as connection,
    ):
        changed = await framework.apply(connection, mehrwerte=mehrwerte, indicators=indicators)
    return [
        f"{name}: {total} ({written} new or changed, {retired} retired)"
        for name, total, (written, retired) in (
            ("Mehrwerte", len(mehrwerte), changed.mehrwerte),
            ("indicators", len(indicators), changed.indicators),
        )
    ]

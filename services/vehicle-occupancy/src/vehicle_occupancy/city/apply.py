# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt city apply`: brings the tables to what the folder says, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from stadttakt_runtime.database import Database
from vehicle_occupancy.city.folder import VEHICLES, TransitFolder, read_folder
from vehicle_occupancy.storage import configuration, forecast_settings
from vehicle_occupancy.storage.forecast_settings import ForecastSettings

FOLDER = "transit"


def apply_city(folder: Path, database_url: str) -> Sequence[str]:
    """Apply `transit/` of a city folder, as often as you like; what is gone is retired.

    Raises CityError with file and line, having changed nothing.
    """
    if not (folder / FOLDER / VEHICLES).is_file():
        return ["no vehicles in this city"]
    return asyncio.run(_apply(read_folder(folder), database_url))


async def _apply(transit: TransitFolder, database_url: str) -> list[str]:
    async with (
        Database.open(database_url, schema=FOLDER, size=1) as database,
        database.transaction() as connection,
    ):
        applied = await configuration.apply(
            connection, vehicles=transit.vehicles, rules=transit.rules
        )
        days = ForecastSettings(
            transit.rules["timezone"], transit.days.public_holidays, transit.days.special
        )
        peaks = await forecast_settings.write(connection, days, transit.peaks)
    rules = "changed" if applied.rules or peaks else "unchanged"
    vehicles = f"{applied.written} new or changed, {applied.retired} retired"
    return [f"vehicles: {len(transit.vehicles)} ({vehicles}); rules {rules}"]

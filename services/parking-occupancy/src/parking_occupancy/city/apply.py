# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt city apply`: brings the tables to what the folder says, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from parking_occupancy.city.calendar import read_calendar
from parking_occupancy.city.folder import ParkingFolder, read_folder, read_timezone
from parking_occupancy.city.restrictions import row_of
from parking_occupancy.storage import configuration, forecasts
from parking_occupancy.storage.forecasts import StoredCalendar
from stadttakt_runtime.database import Database
from stadttakt_runtime.plugins import CityError

FOLDER = "parking"


def apply_city(folder: Path, database_url: str) -> Sequence[str]:
    """Apply `parking/` of a city folder, as often as you like; what is gone is retired.

    Raises CityError with file and line, having changed nothing.
    """
    if not (folder / FOLDER).is_dir():
        return ["no parking in this city"]
    return asyncio.run(_apply(*read_parking(folder), database_url))


def read_parking(folder: Path) -> tuple[ParkingFolder, StoredCalendar]:
    """Return what a city folder says of parking, and its days; raises CityError."""
    lots = folder / FOLDER / "lots.yaml"
    if not lots.is_file():
        raise CityError(lots, "is missing")
    calendar = read_calendar(folder, read_timezone(folder))
    parking = read_folder(folder / FOLDER, calendar.timezone, calendar.public_holidays)
    return parking, calendar


async def _apply(parking: ParkingFolder, calendar: StoredCalendar, database_url: str) -> list[str]:
    limits = {lot.lot_id: lot.heartbeat_limit_s for lot in parking.lots}
    lots = [lot.row(calendar.timezone, calendar.public_holidays) for lot in parking.lots]
    bays = [
        {
            **bay.model_dump(),
            "heartbeat_limit_s": bay.heartbeat_limit_s or limits[bay.lot_id],
            "outline": parking.outlines.get(bay.bay_id),
            "timed_kinds": row_of(
                parking.restrictions,
                bay.bay_id,
                timezone=calendar.timezone,
                region=calendar.public_holidays,
            ),
        }
        for bay in parking.bays
    ]
    signing = parking.signing
    signs = [
        {**sign.model_dump(exclude={"signing"}), "key_id": signing.key_id_of(sign)}
        for sign in parking.signs
    ]
    keys = [key.model_dump(mode="json") for key in signing.keys]
    async with (
        Database.open(database_url, schema="parking", size=1) as database,
        database.transaction() as connection,
    ):
        applied = await configuration.apply(
            connection, lots=lots, bays=bays, signs=signs, signing_keys=keys
        )
        await forecasts.write_calendar(connection, calendar)
    return [
        f"{name}: {total} ({written} new or changed, {retired} retired)"
        for name, total, (written, retired) in (
            ("lots", len(lots), applied.lots),
            ("bays", len(bays), applied.bays),
            ("signs", len(signs), applied.signs),
        )
    ]

# SPDX-License-Identifier: EUPL-1.2
"""Which timetable a city folder names, and the region that its stops should lie in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from stadttakt_runtime.database import Database
from stadttakt_runtime.plain_words import first_fault
from stadttakt_runtime.plugins import CityError
from vehicle_occupancy.gtfs.feed import UnreadableFeedError
from vehicle_occupancy.gtfs.network import Region
from vehicle_occupancy.gtfs.report import BrokenFeedError
from vehicle_occupancy.importing import Imported, ImportOptions, Outcome, import_feed

FILE = Path("transit") / "timetable.yaml"
CITY = "city.yaml"
SHOWN = 3


class TimetableEntry(BaseModel):
    """The file's content; `feed` is a zip or a folder, relative to the file's own.

    `agencies` are ids or names of those whose trips are taken; all if empty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    feed: str
    agencies: frozenset[str] = frozenset()
    name: str | None = None
    valid_from: date | None = None
    simulated: bool = False


def read_bbox(folder: Path) -> Region | None:
    """Return the city's box of `city.yaml`; None where it tells none. Raises CityError."""
    file = folder / CITY
    if not file.exists():
        return None
    bbox = _yaml(file).get("bbox")
    if bbox is None:
        return None
    is_box = isinstance(bbox, list) and len(bbox) == 4
    if not is_box or not all(isinstance(each, int | float) for each in bbox):
        raise CityError(file, "bbox: four numbers are wanted: west, south, east, north")
    return Region(*bbox)


def apply_timetable(folder: Path, database_url: str) -> Sequence[str]:
    """Import the feed that the folder names; the same content again changes nothing.

    Raises CityError, having changed nothing.
    """
    file = folder / FILE
    if not file.exists():
        return ["no timetable in this city"]
    entry = read_entry(file)
    options = ImportOptions(
        valid_from=entry.valid_from,
        region=read_bbox(folder),
        agencies=entry.agencies,
        simulated=entry.simulated,
        name=entry.name,
    )
    try:
        done = asyncio.run(_import(database_url, file.parent / entry.feed, options))
    except UnreadableFeedError as error:
        raise CityError(file, f"feed: {error}") from error
    except BrokenFeedError as error:
        errors = [each for each in error.report.findings if each.severity == "error"]
        told = "; ".join(
            f"{e.file}:{e.line or ''} {e.field or ''}: {e.text}" for e in errors[:SHOWN]
        )
        more = f"; {error.report.errors} errors in all: stadttakt transit import-gtfs tells them"
        raise CityError(file, told + more) from error
    return [_told(done)]


async def _import(database_url: str, feed: Path, options: ImportOptions) -> Imported:
    async with Database.open(database_url, schema="transit", size=1) as database:
        return await import_feed(database, feed, options, lambda _: lambda _: None)


def read_entry(file: Path) -> TimetableEntry:
    """Return what the file says; raises CityError."""
    try:
        return TimetableEntry.model_validate(_yaml(file))
    except ValidationError as error:
        raise CityError(file, first_fault(error)) from error


def _yaml(file: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CityError(file, f"not YAML in UTF-8: {error}") from error
    if not isinstance(found, dict):
        raise CityError(file, "keys and values are wanted")
    return found


def _told(done: Imported) -> str:
    if done.outcome is Outcome.KNOWN:
        return f"timetable: version {done.version_id}, unchanged"
    trips = (done.summary or {}).get("trips", 0)
    return f"timetable: version {done.version_id}, {trips} trips, from {done.valid_from} on"

# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt city check`: the transit part of a folder, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stadttakt_runtime.plugins import CityError
from vehicle_occupancy.city.apply import FOLDER
from vehicle_occupancy.city.folder import VEHICLES, read_folder
from vehicle_occupancy.city.timetable import FILE, read_bbox, read_entry
from vehicle_occupancy.sources import read_sources


def check_city(folder: Path, *, production: bool) -> Sequence[str]:
    """Check vehicles, rules and sources, and that the timetable is there; raises CityError."""
    del production
    if not (folder / FOLDER / VEHICLES).is_file():
        return ["no vehicles in this city"]
    transit, sources = read_folder(folder), read_sources(folder)
    read_bbox(folder)
    report = [f"{len(transit.vehicles)} vehicles, {len(sources)} topics of other makers"]
    if not (folder / FILE).is_file():
        return [*report, "no timetable in this city"]
    entry = read_entry(folder / FILE)
    if not (folder / FILE).parent.joinpath(entry.feed).exists():
        raise CityError(folder / FILE, f"feed: there is no {entry.feed}")
    return [*report, f"timetable {entry.feed}{', simulated' if entry.simulated else ''}"]

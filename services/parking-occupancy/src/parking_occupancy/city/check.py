# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt city check`: the parking part of a folder, and whether devices watch what is there."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from parking_occupancy.city.apply import FOLDER, read_parking
from parking_occupancy.city.folder import ParkingFolder
from stadttakt_runtime.plugins import CityError

DEVICES = "devices.csv"


def check_city(folder: Path, *, production: bool) -> Sequence[str]:
    """Check all of it without a database; raises CityError with file and line."""
    del production
    if not (folder / FOLDER).is_dir():
        return ["no parking in this city"]
    parking, _ = read_parking(folder)
    watched = _watched(folder / DEVICES, parking)
    unwatched = [bay.bay_id for bay in parking.bays if ("bay", bay.bay_id) not in watched]
    report = [f"{len(parking.lots)} lots, {len(parking.bays)} bays, {len(parking.signs)} signs"]
    if unwatched:
        report.append(f"{len(unwatched)} bays without a device, {unwatched[0]} first")
    return report


def _watched(file: Path, parking: ParkingFolder) -> set[tuple[str, str]]:
    """Return the bays and gates that devices watch; raises CityError for one that is not there."""
    known = {("bay", bay.bay_id) for bay in parking.bays} | {
        ("lot_gate", f"{lot.lot_id}/{gate.gate}")
        for lot in parking.lots
        if lot.balancing is not None
        for gate in lot.balancing.gates
    }
    watched = set()
    for line, kind, asset_id in _assets(file):
        if kind not in {"bay", "lot_gate"}:
            continue
        if (kind, asset_id) not in known:
            what = "bay" if kind == "bay" else "gate of a lot"
            raise CityError(file, f"asset_id: there is no {what} {asset_id}", line=line)
        watched.add((kind, asset_id))
    return watched


def _assets(file: Path) -> Iterator[tuple[int, str, str]]:
    """Return line, kind and id of what devices in use watch; the decoder checks the rest."""
    if not file.is_file():
        return
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            for row in reader:
                if not row.get("retired"):
                    yield reader.line_num, row.get("asset_kind") or "", row.get("asset_id") or ""
    except (UnicodeDecodeError, csv.Error) as error:
        raise CityError(file, f"not CSV in UTF-8: {error}") from error

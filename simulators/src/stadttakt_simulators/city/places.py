# SPDX-License-Identifier: EUPL-1.2
"""Lots, bays and devices of a city folder, as far as the simulator needs them; the services check the rest."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from stadttakt_simulators.city.section import CityError, Section
from stadttakt_simulators.lorawan.radio import Place
from stadttakt_simulators.parking.lot import ALLOWED_KINDS, Bay

DEVICE_COLUMNS = (
    "dev_eui",
    "name",
    "codec_id",
    "asset_kind",
    "asset_id",
    "expected_interval_s",
    "tags",
)
BAY_COLUMNS = ("bay_id", "lot_id", "kind", "lat", "lon", "heartbeat_limit_s")


@dataclass(frozen=True, slots=True)
class Lot:
    """A car park with its bays in the order of the file; gates by whether they swap in and out.

    Where vehicles are counted at gates, places without a line in bays.csv are bays too.
    """

    lot_id: str
    place: Place
    bays: tuple[Bay, ...]
    gates: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Device:
    """A sensor and what it watches."""

    dev_eui: str
    name: str
    codec_id: str
    asset_kind: str
    asset_id: str
    expected_interval_s: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class City:
    """What is where; `centre` is the place of devices without one of their own, such as vehicles."""

    city_id: str
    zone: ZoneInfo
    centre: Place
    lots: Mapping[str, Lot]
    bay_places: Mapping[str, Place]
    devices: tuple[Device, ...]

    def place_of(self, device: Device) -> Place:
        """This function returns where a device is, the centre when it moves."""
        if device.asset_kind == "bay":
            return self.bay_places[device.asset_id]
        lot = self.lots.get(device.asset_id.partition("/")[0])
        return lot.place if lot else self.centre


def load_city(folder: Path) -> City:
    """This function reads city.yaml, the parking files and devices.csv."""
    about = Section.load(folder / "city.yaml")
    bays, places = _load_bays(folder / "parking" / "bays.csv")
    sections = Section.load(folder / "parking" / "lots.yaml").sections("lots")
    lots = {lot.lot_id: lot for lot in (_lot(section, bays) for section in sections)}
    devices = tuple(_load_devices(folder / "devices.csv", places))
    return City(
        about.text("city_id"),
        ZoneInfo(about.text("timezone")),
        _centre([lot.place for lot in lots.values()]),
        lots,
        places,
        devices,
    )


def _lot(section: Section, bays: Mapping[str, Sequence[Bay]]) -> Lot:
    lot_id = section.text("lot_id")
    place = Place(section.number("lat"), section.number("lon"))
    listed = tuple(bays.get(lot_id, ()))
    if not section.has("balancing"):
        return Lot(lot_id, place, listed)
    gates = section.section("balancing").sections("gates")
    unlisted = [
        Bay(f"{lot_id}-unsensed-{number}", "general")
        for number in range(len(listed) + 1, section.integer("capacity") + 1)
    ]
    return Lot(
        lot_id,
        place,
        _interleaved(listed, unlisted),
        {gate.text("gate"): gate.boolean("inverted", default=False) for gate in gates},
    )


def _interleaved(some: Sequence[Bay], others: Sequence[Bay]) -> tuple[Bay, ...]:
    """This function spreads both evenly: bays at the entry fill first, so only sensed ones there would mislead."""
    places = [
        ((index + 0.5) / len(bays), bay)
        for bays in (some, others)
        for index, bay in enumerate(bays)
    ]
    return tuple(bay for _, bay in sorted(places, key=lambda placed: placed[0]))


def _centre(places: Sequence[Place]) -> Place:
    if not places:
        return Place(0, 0)
    return Place(
        sum(place.lat for place in places) / len(places),
        sum(place.lon for place in places) / len(places),
    )


def _load_bays(path: Path) -> tuple[Mapping[str, Sequence[Bay]], Mapping[str, Place]]:
    bays: dict[str, list[Bay]] = {}
    places = {}
    for line, row in _rows(path, BAY_COLUMNS):
        if row["kind"] not in ALLOWED_KINDS:
            raise CityError(f"{path}:{line}: unknown kind {row['kind']!r}")
        bays.setdefault(row["lot_id"], []).append(Bay(row["bay_id"], row["kind"]))
        places[row["bay_id"]] = Place(float(row["lat"]), float(row["lon"]))
    return bays, places


def _load_devices(path: Path, places: Mapping[str, Place]) -> Iterator[Device]:
    for line, row in _rows(path, DEVICE_COLUMNS):
        if row["asset_kind"] == "bay" and row["asset_id"] not in places:
            raise CityError(f"{path}:{line}: bay {row['asset_id']!r} is not in bays.csv")
        tags = dict(tag.split("=", 1) for tag in row["tags"].split(";") if "=" in tag)
        yield Device(
            row["dev_eui"],
            row["name"],
            row["codec_id"],
            row["asset_kind"],
            row["asset_id"],
            int(row["expected_interval_s"] or 3600),
            tags,
        )


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
            raise CityError(f"{path}:1: there is no column {','.join(missing)}")
        for row in reader:
            yield reader.line_num, {key: value or "" for key, value in row.items() if key}

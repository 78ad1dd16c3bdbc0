# SPDX-License-Identifier: EUPL-1.2
"""Reads the whole of `transit/` and checks what one entry alone cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from stadttakt_runtime.city_days import CityDays, read_city_days
from stadttakt_runtime.city_files import Located, read_yaml_list_and_block, read_yaml_lists
from stadttakt_runtime.plugins import CityError
from vehicle_occupancy.city.entries import KindEntry, LevelsEntry, PeaksEntry, VehicleEntry

VEHICLES, LEVELS, PEAKS = "vehicles.yaml", "levels.yaml", "peaks.yaml"


@dataclass(frozen=True, slots=True)
class TransitFolder:
    """All vehicles of a city and the rules they share, as they are stored."""

    vehicles: tuple[dict[str, Any], ...]
    rules: dict[str, Any]
    days: CityDays
    peaks: dict[str, Any]


def read_folder(city: Path) -> TransitFolder:
    """Return what the city folder says of vehicles; raises CityError with file and line."""
    folder = city / "transit"
    kinds, vehicles = _read_vehicles(folder / VEHICLES)
    place = _read_place(city / "city.yaml")
    levels = _read_levels(folder / LEVELS)
    rules = {
        **place,
        "levels": levels.model_dump(exclude={"labels", "publication"}),
        "labels": levels.labels.model_dump(),
        "publication": levels.publication.model_dump(),
    }
    return TransitFolder(
        tuple(each.row(kinds[each.kind]) for each in vehicles),
        rules,
        read_city_days(city, "transit"),
        _read_peaks(folder / PEAKS).model_dump(),
    )


def _read_vehicles(file: Path) -> tuple[dict[str, KindEntry], list[VehicleEntry]]:
    lists = read_yaml_lists(file, ("kinds", "vehicles"))
    kinds: dict[str, KindEntry] = {}
    for located in lists["kinds"]:
        kind = located.parse(KindEntry)
        if kind.kind in kinds:
            raise located.error(f"{kind.kind} is given twice", ("kind",))
        kinds[kind.kind] = kind
    vehicles: dict[str, VehicleEntry] = {}
    sensors: dict[str, str] = {}
    for located in lists["vehicles"]:
        vehicle = located.parse(VehicleEntry)
        if vehicle.vehicle_id in vehicles:
            raise located.error(f"{vehicle.vehicle_id} is given twice", ("vehicle_id",))
        vehicles[vehicle.vehicle_id] = vehicle
        _check(vehicle, located, kinds, sensors)
    return kinds, list(vehicles.values())


def _check(
    vehicle: VehicleEntry, located: Located, kinds: dict[str, KindEntry], sensors: dict[str, str]
) -> None:
    kind = kinds.get(vehicle.kind)
    if kind is None:
        raise located.error(f"there is no kind {vehicle.kind}", ("kind",))
    row = vehicle.row(kind)
    if not row["seats"] + row["standing"]:
        raise located.error("seats and standing: nobody finds room", ("seats",))
    for sensor in vehicle.sensors:
        owner = sensors.setdefault(sensor, vehicle.vehicle_id)
        if owner != vehicle.vehicle_id:
            raise located.error(f"{sensor} is a sensor of {owner} already", ("sensors",))


def _read_levels(file: Path) -> LevelsEntry:
    if not file.exists():
        return LevelsEntry()
    _, block = read_yaml_list_and_block(file, "", "levels")
    return block.parse(LevelsEntry) if block else LevelsEntry()


def _read_peaks(file: Path) -> PeaksEntry:
    if not file.exists():
        return PeaksEntry()
    _, block = read_yaml_list_and_block(file, "", "peaks")
    return block.parse(PeaksEntry) if block else PeaksEntry()


def _read_place(file: Path) -> dict[str, Any]:
    """Return time zone and region of the city; UTC and none without a city.yaml."""
    if not file.exists():
        return {"timezone": "UTC", "region": None}
    try:
        fields = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        name, region = str(fields.get("timezone", "UTC")), fields.get("bbox")
        ZoneInfo(name)
        if region is not None:
            west, south, east, north = (float(each) for each in region)
            region = [west, south, east, north]
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError) as error:
        raise CityError(file, f"not YAML in UTF-8: {error}") from error
    except ZoneInfoNotFoundError as error:
        raise CityError(file, f"timezone: there is no time zone {name}") from error
    except (ValueError, TypeError) as error:
        raise CityError(file, f"timezone or bbox: {error}") from error
    return {"timezone": name, "region": region}

"""Reads the whole of `parking/` and checks what one entry alone cannot tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel

from parking_occupancy.city.entries import BayEntry, LotEntry, SignEntry
from parking_occupancy.city.outlines import read_outlines
from parking_occupancy.city.restrictions import Timed, check_hours, read_restrictions
from parking_occupancy.city.signing import SigningEntry
from parking_occupancy.domain.restrictions import PERSONAL_KINDS
from parking_occupancy.domain.sign import ALTERNATIVE, MAX_TEXT_BYTES
from parking_occupancy.opening_hours_osm import WrongHoursError, read_hours
from stadttakt_runtime.city_files import (
    Located,
    read_csv,
    read_yaml_list,
    read_yaml_list_and_block,
)
from stadttakt_runtime.plugins import CityError

Entry = TypeVar("Entry", bound=BaseModel)
BAY_COLUMNS = ("bay_id", "lot_id", "kind", "lat", "lon", "heartbeat_limit_s")
MORE_BAY_COLUMNS = ("groups", "max_stay_min", "orientation")


@dataclass(frozen=True, slots=True)
class ParkingFolder:
    """All lots, bays and signs of a city, consistent with each other."""

    lots: tuple[LotEntry, ...]
    bays: tuple[BayEntry, ...]
    signs: tuple[SignEntry, ...]
    signing: SigningEntry
    outlines: Mapping[str, Any]
    restrictions: Timed


def read_folder(folder: Path, timezone: str = "UTC", region: str = "") -> ParkingFolder:
    """Return what the folder says by this clock and these holidays; raises CityError with a line."""
    lots = _entries(read_yaml_list(folder / "lots.yaml", "lots"), LotEntry, "lot_id")
    bays = _entries(_optional_bays(folder / "bays.csv"), BayEntry, "bay_id")
    found, signing = _optional_signs(folder / "signs.yaml")
    signs = _entries(found, SignEntry, "sign_id")
    by_id = {entry.lot_id: entry for entry, _ in lots}
    counts = Counter(entry.lot_id for entry, _ in bays)
    for lot, located in lots:
        _check_lot(lot, located, by_id, counts[lot.lot_id])
        _check_hours(lot, located, timezone, region)
    for bay, located in bays:
        _check_known(bay.lot_id, located, by_id)
        if bay.groups and bay.kind in PERSONAL_KINDS:
            raise located.error(f"{bay.bay_id} belongs to a person and has no groups")
    for sign, located in signs:
        _check_known(sign.lot_id, located, by_id)
        _check_texts(sign, located, by_id)
        if sign.signing is not None and not signing.knows(sign.signing):
            raise located.error(f"there is no key {sign.signing}", ("signing",))
    bay_ids = frozenset(entry.bay_id for entry, _ in bays)
    return ParkingFolder(
        lots=tuple(entry for entry, _ in lots),
        bays=tuple(entry for entry, _ in bays),
        signs=tuple(entry for entry, _ in signs),
        signing=signing,
        outlines=read_outlines(folder / "bays.geojson", bay_ids),
        restrictions=read_restrictions(
            folder / "restrictions.yaml",
            {entry.bay_id: entry.kind for entry, _ in bays},
            timezone=timezone,
            region=region,
        ),
    )


def read_timezone(folder: Path) -> str:
    """Return the city's time zone, by which known-empty hours are told; UTC without a city.yaml."""
    file = folder / "city.yaml"
    if not file.exists():
        return "UTC"
    try:
        fields = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        name = str(fields.get("timezone", "UTC"))
        ZoneInfo(name)
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError) as error:
        raise CityError(file, f"not YAML in UTF-8: {error}") from error
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CityError(file, f"timezone: there is no time zone {name}") from error
    return name


def _optional_bays(file: Path) -> list[Located]:
    return read_csv(file, BAY_COLUMNS, MORE_BAY_COLUMNS) if file.exists() else []


def _optional_signs(file: Path) -> tuple[list[Located], SigningEntry]:
    if not file.exists():
        return [], SigningEntry()
    signs, block = read_yaml_list_and_block(file, "signs", "signing")
    if block is None:
        return signs, SigningEntry()
    signing = block.parse(SigningEntry)
    inside = file.parent.parent.resolve()
    for index, key in enumerate(signing.keys):
        if key.secret_file and Path(key.secret_file).resolve().is_relative_to(inside):
            where = ("keys", index, "secret_file")
            raise block.error("a secret has no place in the city folder", where)
    return signs, signing


def _entries(
    located: list[Located], model: type[Entry], id_field: str
) -> list[tuple[Entry, Located]]:
    seen: dict[str, int] = {}
    entries = []
    for item in located:
        entry = item.parse(model)
        entry_id = getattr(entry, id_field)
        if entry_id in seen:
            raise item.error(f"{entry_id} stands in line {seen[entry_id]} already", (id_field,))
        seen[entry_id] = item.line_of((id_field,))
        entries.append((entry, item))
    return entries


def _check_lot(lot: LotEntry, located: Located, lots: dict[str, LotEntry], bays: int) -> None:
    if bays > lot.capacity:
        message = f"capacity {lot.capacity}, but bays.csv has {bays} bays of {lot.lot_id}"
        raise located.error(message, ("capacity",))
    where = ("alternatives",) if lot.alternatives else ("alternative",)
    for other in lot.recommended:
        if other == lot.lot_id:
            raise located.error("a lot cannot be its own alternative", where)
        if other not in lots:
            raise located.error(f"there is no lot {other}", where)


def _check_hours(lot: LotEntry, located: Located, timezone: str, region: str) -> None:
    try:
        read_hours(lot.opening, timezone=timezone, region=region, lat=lot.lat, lon=lot.lon)
    except WrongHoursError as error:
        raise located.error(f"opening: {error}", ("opening",)) from error
    for index, each in enumerate(lot.restrictions):
        if each.hours is not None:
            path = ("restrictions", index, "hours")
            check_hours(each.hours, located, timezone=timezone, region=region, path=path)


def _check_known(lot_id: str, located: Located, lots: dict[str, LotEntry]) -> None:
    if lot_id not in lots:
        raise located.error(f"there is no lot {lot_id}", ("lot_id",))


def _check_texts(sign: SignEntry, located: Located, lots: dict[str, LotEntry]) -> None:
    lot = lots[sign.lot_id]
    names = [lots[other].name for other in lot.recommended]
    if ALTERNATIVE in sign.texts.full and not "".join(names).isprintable():
        raise located.error("an alternative's name cannot be shown", ("texts", "full"))
    state = sign.texts.too_long(lot.capacity, names)
    if state is not None:
        message = f"texts.{state}: longer than {MAX_TEXT_BYTES} bytes in UTF-8"
        raise located.error(message, ("texts", state))
    most = sign.max_characters
    state = sign.texts.too_wide(most, lot.capacity, names) if most is not None else None
    if state is not None:
        message = f"texts.{state}: longer than the sign's {most} characters"
        raise located.error(message, ("texts", state))

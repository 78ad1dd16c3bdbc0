# SPDX-License-Identifier: EUPL-1.2
"""Reads the whole of `parking/` and checks what one entry alone cannot tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
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
    Faults,
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


@dataclass(frozen=True, slots=True)
class Entries(Generic[Entry]):
    """What could be read of a file, and every id that is named there, wrong entries' too.

    It `is_file` unless no entries could be told apart in it.
    """

    read: Sequence[tuple[Entry, Located]]
    named: frozenset[str]
    is_file: bool


def read_folder(folder: Path, timezone: str = "UTC", region: str = "") -> ParkingFolder:
    """Return what the folder says by this clock and these holidays.

    Raises CityError that tells all that is wrong in its files, each with its line.
    """
    faults = Faults()
    lots = _entries(faults, _lots, folder / "lots.yaml", LotEntry, "lot_id")
    bays = _entries(faults, _bays, folder / "bays.csv", BayEntry, "bay_id")
    signs = _entries(faults, _signs, folder / "signs.yaml", SignEntry, "sign_id")
    if not (lots.is_file and bays.is_file and signs.is_file):
        # What the others name would all be missing.
        faults.tell()
    signing = SigningEntry()
    with faults.noted():
        signing = _signing(folder / "signs.yaml")
        for sign, located in signs.read:
            with faults.noted():
                _check_key(sign, located, signing)
    _check_relations(faults, lots, bays, signs)
    for lot, located in lots.read:
        with faults.noted():
            _check_hours(lot, located, timezone, region)
    outlines: Mapping[str, Any] = {}
    with faults.noted():
        outlines = read_outlines(folder / "bays.geojson", bays.named)
    kinds = {entry.bay_id: entry.kind for entry, _ in bays.read}
    restrictions: Timed = {}
    with faults.noted():
        restrictions = read_restrictions(
            folder / "restrictions.yaml", bays.named, kinds, timezone=timezone, region=region
        )
    faults.tell()
    return ParkingFolder(
        lots=tuple(entry for entry, _ in lots.read),
        bays=tuple(entry for entry, _ in bays.read),
        signs=tuple(entry for entry, _ in signs.read),
        signing=signing,
        outlines=outlines,
        restrictions=restrictions,
    )


def _check_relations(
    faults: Faults, lots: Entries[LotEntry], bays: Entries[BayEntry], signs: Entries[SignEntry]
) -> None:
    """Note what entries of files say of each other that cannot be."""
    by_id = {entry.lot_id: entry for entry, _ in lots.read}
    counts = Counter(entry.lot_id for entry, _ in bays.read)
    for lot, located in lots.read:
        with faults.noted():
            _check_lot(lot, located, lots.named, counts[lot.lot_id])
    for bay, located in bays.read:
        with faults.noted():
            _check_known(bay.lot_id, located, lots.named)
            if bay.groups and bay.kind in PERSONAL_KINDS:
                raise located.error(f"{bay.bay_id} belongs to a person and has no groups")
    for sign, located in signs.read:
        with faults.noted():
            _check_known(sign.lot_id, located, lots.named)
            _check_texts(sign, located, by_id)


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


def _lots(file: Path) -> list[Located]:
    return read_yaml_list(file, "lots")


def _bays(file: Path) -> list[Located]:
    return read_csv(file, BAY_COLUMNS, MORE_BAY_COLUMNS) if file.exists() else []


def _signs(file: Path) -> list[Located]:
    return read_yaml_list_and_block(file, "signs", "signing")[0] if file.exists() else []


def _signing(file: Path) -> SigningEntry:
    block = read_yaml_list_and_block(file, "signs", "signing")[1] if file.exists() else None
    if block is None:
        return SigningEntry()
    signing = block.parse(SigningEntry)
    inside = file.parent.parent.resolve()
    for index, key in enumerate(signing.keys):
        if key.secret_file and Path(key.secret_file).resolve().is_relative_to(inside):
            where = ("keys", index, "secret_file")
            raise block.error("a secret has no place in the city folder", where)
    return signing


def _entries(
    faults: Faults,
    read: Callable[[Path], list[Located]],
    file: Path,
    model: type[Entry],
    id_field: str,
) -> Entries[Entry]:
    """Return the entries of a file and note what is wrong in it."""
    seen: dict[str, int] = {}
    entries: list[tuple[Entry, Located]] = []
    located: list[Located] | None = None
    with faults.noted():
        located = read(file)
    for item in located or ():
        entry_id, line = str(item.fields.get(id_field)), item.line_of((id_field,))
        with faults.noted():
            entry = item.parse(model)
            if entry_id in seen:
                raise item.error(f"{entry_id} stands in line {seen[entry_id]} already", (id_field,))
            entries.append((entry, item))
        seen.setdefault(entry_id, line)
    return Entries(entries, frozenset(seen), located is not None)


def _check_lot(lot: LotEntry, located: Located, lots: frozenset[str], bays: int) -> None:
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


def _check_known(lot_id: str, located: Located, lots: frozenset[str]) -> None:
    if lot_id not in lots:
        raise located.error(f"there is no lot {lot_id}", ("lot_id",))


def _check_key(sign: SignEntry, located: Located, signing: SigningEntry) -> None:
    if sign.signing is not None and not signing.knows(sign.signing):
        raise located.error(f"there is no key {sign.signing}", ("signing",))


def _check_texts(sign: SignEntry, located: Located, lots: dict[str, LotEntry]) -> None:
    lot = lots.get(sign.lot_id)
    if lot is None:
        return
    names = [lots[other].name for other in lot.recommended if other in lots]
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

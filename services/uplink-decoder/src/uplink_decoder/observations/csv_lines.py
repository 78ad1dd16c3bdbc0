# SPDX-License-Identifier: EUPL-1.2
"""Lines of a file of historical readings, each as the event that it tells; pure.

Columns and their meaning: docs/how-to/import-readings.md.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from stadttakt_messages.envelope import event_type, schema_urn
from uplink_decoder.codecs.quantities import QUANTITIES
from uplink_decoder.codecs.units import convert, known_units

COLUMNS = (
    "time",
    "asset_id",
    "kind",
    "part",
    "quantity",
    "value",
    "unit",
    "in",
    "out",
    "mode",
    "class",
    "id",
)
REQUIRED = ("time", "asset_id")
BOOLEANS = {
    "true": True,
    "1": True,
    "occupied": True,
    "belegt": True,
    "false": False,
    "0": False,
    "free": False,
    "frei": False,
}
MAX_COUNT = 2_147_483_647
Row = Mapping[str, str]


class LineError(Exception):
    """A line that cannot be read; `field` and `code` say where and why, the text in words."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.code = code
        self.detail = detail


class Line(NamedTuple):
    """One line after the header: its number in the file, and the event or what is wrong."""

    number: int
    event: bytes | None
    error: LineError | None = None


def read_lines(text: str, source_id: str, zone: tzinfo | None) -> Iterator[Line]:
    """Yield each line that holds something; `zone` is that of times without one.

    Raises:
        LineError: the file as a whole cannot be read, or its header is wrong.

    """
    lines = text.removeprefix("\ufeff").splitlines()
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        names = _header(next(reader, []))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _line(reader.line_num, names, cells, source_id, zone)
    except csv.Error as error:
        raise LineError("", "invalid_csv", f"line {reader.line_num}: {error}") from error


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    missing = [name for name in REQUIRED if name not in names]
    foreign = [name for name in names if name not in COLUMNS]
    if missing or foreign or len(set(names)) != len(names):
        told = (
            f"column {missing[0]!r} is missing"
            if missing
            else f"unknown column {foreign[0]!r:.60}"
            if foreign
            else "a column stands twice"
        )
        raise LineError("", "wrong_header", f"{told}; known are {', '.join(COLUMNS)}")
    return names


def _line(
    number: int, names: list[str], cells: list[str], source_id: str, zone: tzinfo | None
) -> Line:
    if len(cells) != len(names):
        told = f"{len(cells)} cells, the header has {len(names)}"
        return Line(number, None, LineError("", "wrong_length", told))
    try:
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
        return Line(number, event_of(row, source_id, zone))
    except LineError as error:
        return Line(number, None, error)


def event_of(row: Row, source_id: str, zone: tzinfo | None) -> bytes:
    """Return the event that a row tells; the same row gives the same event.

    Raises:
        LineError: a cell is missing or wrong.

    """
    kind = row.get("kind") or "environment"
    make = _KINDS.get(kind)
    if make is None:
        raise LineError("kind", "unknown_kind", f"{kind!r:.60} is none of {', '.join(_KINDS)}")
    time = _time(row.get("time", ""), zone)
    subject, what, data = make(row)
    key = f"{kind}\x00{subject}\x00{what}\x00{time.isoformat()}"
    event = {
        "specversion": "1.0",
        "id": row.get("id") or f"csv-{blake2b(key.encode(), digest_size=16).hexdigest()}",
        "source": f"/import/{source_id}",
        "type": event_type(kind),
        "subject": subject,
        "time": time,
        "dataschema": schema_urn(kind),
        "data": data,
    }
    return orjson.dumps(event, option=orjson.OPT_UTC_Z)


Made = tuple[str, str, dict[str, Any]]
"""Subject, what of it, data."""


def _environment(row: Row) -> Made:
    name, unit = _cell(row, "quantity"), _cell(row, "unit")
    value = _number(row, "value")
    known = QUANTITIES.get(name)
    if known is not None:
        converted = convert(value, unit, known.unit)
        if converted is None:
            told = (
                f"{name} can be given in {', '.join(known_units(known.unit))}, not in {unit!r:.40}"
            )
            raise LineError("unit", "wrong_unit", told)
        value, unit = converted, known.unit
    quantity = {"quantity": name, "value": value, "unit": unit}
    return f"asset/{_cell(row, 'asset_id')}", name, {"quantities": [quantity]}


def _bay(row: Row) -> Made:
    given = _cell(row, "value")
    occupied = BOOLEANS.get(given.lower())
    if occupied is None:
        raise LineError("value", "wrong_value", f"{given!r:.60} is none of {', '.join(BOOLEANS)}")
    return f"bay/{_cell(row, 'asset_id')}", "", {"occupied": occupied}


def _vehicles(row: Row) -> Made:
    mode = row.get("mode") or "delta"
    data = {"mode": mode, "in": _count(row, "in"), "out": _count(row, "out")}
    return f"lot/{_cell(row, 'asset_id')}/gate/{_cell(row, 'part')}", mode, data


def _passengers(row: Row) -> Made:
    mode, of_class = row.get("mode") or "delta", row.get("class") or "other"
    counts = {"class": of_class, "in": _count(row, "in"), "out": _count(row, "out")}
    subject = f"vehicle/{_cell(row, 'asset_id')}/door/{_cell(row, 'part')}"
    return subject, f"{mode} {of_class}", {"mode": mode, "counts": [counts]}


def _presence(row: Row) -> Made:
    name = _cell(row, "quantity")
    if name not in {"wifi", "ble"}:
        raise LineError("quantity", "wrong_value", f"{name!r:.60} is neither wifi nor ble")
    return f"vehicle/{_cell(row, 'asset_id')}", name, {name: _count(row, "value")}


_KINDS: dict[str, Callable[[Row], Made]] = {
    "environment": _environment,
    "bay-occupancy": _bay,
    "vehicle-count": _vehicles,
    "passenger-count": _passengers,
    "device-presence": _presence,
}


def _cell(row: Row, name: str) -> str:
    given = row.get(name, "")
    if not given:
        raise LineError(name, "missing", "is empty")
    return given


def _number(row: Row, name: str) -> float:
    given = _cell(row, name)
    # A comma can only be the decimal one: as separator it would have cut the cell.
    plain = given.replace(",", ".") if given.count(",") == 1 and "." not in given else given
    try:
        value = float(plain)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in plain:
        raise LineError(name, "no_number", f"{given!r:.60} is no number")
    return value


def _count(row: Row, name: str) -> int:
    given = _cell(row, name)
    if not (given.isascii() and given.isdigit()) or len(given) > 10 or int(given) > MAX_COUNT:
        raise LineError(name, "no_count", f"{given!r:.60} is no whole number from 0")
    return int(given)


def _time(text: str, zone: tzinfo | None) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise LineError("time", "no_time", f"{text!r:.60} is no RFC 3339 time") from None
    try:
        return (time if time.tzinfo else _local(time, zone)).astimezone(UTC)
    except OverflowError:
        raise LineError("time", "no_time", f"{text!r:.60} is out of range") from None


def _local(time: datetime, zone: tzinfo | None) -> datetime:
    """Return a clock's time in its zone; the hour that is there twice is nobody's to guess."""
    if zone is None:
        told = "has no zone: write one (Z, +01:00), or say which by `timezone`"
        raise LineError("time", "no_zone", told)
    first, second = time.replace(tzinfo=zone, fold=0), time.replace(tzinfo=zone, fold=1)
    if first.utcoffset() != second.utcoffset():
        back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        if back != time:
            raise LineError("time", "no_such_time", "does not exist: the clock was put forward")
        raise LineError("time", "ambiguous_time", "is there twice: write its zone (+02:00, +01:00)")
    return first

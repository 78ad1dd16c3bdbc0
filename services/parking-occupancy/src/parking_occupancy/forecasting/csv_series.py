# SPDX-License-Identifier: EUPL-1.2
"""Reads a CSV file of free places, long or wide, as docs/forecast.md describes it."""

from __future__ import annotations

import csv
import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TextIO, TypeAlias
from zoneinfo import ZoneInfo

LONG = frozenset({"time", "lot_id"})
STUCK_AFTER = timedelta(hours=8)
"""Empty cells for longer: nobody can tell a quiet lot from a broken source."""
Readings: TypeAlias = dict[str, list[tuple[datetime, float]]]

FIELDS = "not as many fields as the header has"


class SeriesError(ValueError):
    """A file that is no series; says which line and why."""


@dataclass(frozen=True, slots=True)
class Series:
    """Readings per lot in the order of time, and the capacities that the file names."""

    readings: Mapping[str, Sequence[tuple[datetime, float]]]
    capacity: Mapping[str, float]


def read_series(stream: TextIO, name: str, timezone: ZoneInfo) -> Series:
    """Return the series of a file; times without an offset are of `timezone`."""
    reader = csv.DictReader(_text_lines(stream))
    try:
        header = reader.fieldnames or []
        if set(header) >= LONG:
            return _long(reader, timezone)
        if header and header[0] in {"time", "timestamp"} and len(header) > 1:
            return _wide(reader, header[0], timezone)
    except (ValueError, csv.Error, UnicodeDecodeError) as error:
        raise SeriesError(f"{name}:{reader.line_num}: {error}") from error
    raise SeriesError(
        f"{name}:1: the header must be time,lot_id,free[,capacity], time,lot_id,occupied,capacity,"
        " or timestamp and one column per lot"
    )


def read_capacities(file: Path) -> dict[str, float]:
    """Return the capacities of a CSV file `lot_id,capacity`."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(_text_lines(stream))
        try:
            if {"lot_id", "capacity"} <= set(reader.fieldnames or ()):
                return {
                    row["lot_id"]: _number(row["capacity"]) for row in reader if row["capacity"]
                }
        except (ValueError, csv.Error) as error:
            raise SeriesError(f"{file}:{reader.line_num}: {error}") from error
    raise SeriesError(f"{file}:1: the header must have lot_id and capacity")


def _text_lines(stream: TextIO) -> Iterator[str]:
    """Yield the lines of a file; a lot whose id holds a NUL is none."""
    for line in stream:
        if "\x00" in line:
            raise ValueError("a NUL character in the file")
        yield line


def _long(reader: csv.DictReader[str], timezone: ZoneInfo) -> Series:
    header = set(reader.fieldnames or ())
    if "free" not in header and not {"occupied", "capacity"} <= header:
        raise ValueError("free, or occupied and capacity, must be among the columns")
    readings: Readings = defaultdict(list)
    capacity: dict[str, float] = {}
    for row in reader:
        lot_id = row.get("lot_id")
        if lot_id is None:
            raise ValueError(FIELDS)
        if row.get("capacity"):
            capacity[lot_id] = _number(row["capacity"])
        if row.get("free"):
            readings[lot_id].append((_time(row["time"], timezone), _number(row["free"])))
        elif row.get("occupied"):
            if lot_id not in capacity:
                raise ValueError("occupied needs a capacity")
            free = capacity[lot_id] - _number(row["occupied"])
            readings[lot_id].append((_time(row["time"], timezone), free))
    return Series(_ordered(readings), capacity)


def _wide(reader: csv.DictReader[str], time: str, timezone: ZoneInfo) -> Series:
    """An empty cell says the lot's last value again, for as long as that can be believed."""
    rows: list[datetime] = []
    told: Readings = defaultdict(list)
    for row in reader:
        at = _time(row.pop(time), timezone)
        rows.append(at)
        for lot_id, cell in row.items():
            if lot_id is None or cell is None:
                raise ValueError(FIELDS)
            if cell:
                told[lot_id].append((at, _number(cell)))
    rows = sorted(set(rows))
    return Series({lot_id: _repeated(found, rows) for lot_id, found in _ordered(told).items()}, {})


def _repeated(
    told: Sequence[tuple[datetime, float]], rows: Sequence[datetime]
) -> list[tuple[datetime, float]]:
    """Return what was told, and told again by empty cells; not for 8 hours and more."""
    found: list[tuple[datetime, float]] = []
    ends = [at for at, _ in told[1:]] + [rows[-1]]
    position = 0
    for (at, value), end in zip(told, ends, strict=True):
        position = bisect_left(rows, at, position)
        until = bisect_left(rows, end, position) if end < rows[-1] else len(rows)
        again = rows[position + 1 : until] if end - at < STUCK_AFTER else ()
        found.append((at, value))
        found.extend((row, value) for row in again if row < end or end == rows[-1] != at)
    return found


def _ordered(readings: Readings) -> Readings:
    """Return the readings by time; of several at one time the last in the file."""
    return {lot_id: sorted(dict(found).items()) for lot_id, found in readings.items() if found}


def _time(text: str | None, timezone: ZoneInfo) -> datetime:
    if text is None:
        raise ValueError(FIELDS)
    at = datetime.fromisoformat(text.strip())
    try:
        return (at if at.tzinfo else at.replace(tzinfo=timezone)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is out of range") from error


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no count")
    return number


def spacing(series: Series) -> timedelta:
    """Return the step at which a series is looked at: 15, 30 or 60 minutes."""
    gaps = sorted(gap for found in series.readings.values() for gap in _gaps(found))
    usual = gaps[len(gaps) // 2] if gaps else timedelta()
    for minutes in (15, 30, 60):
        if usual <= timedelta(minutes=minutes * 1.2):
            return timedelta(minutes=minutes)
    raise SeriesError(f"readings are {usual} apart; an hour is the most")


def _gaps(found: Sequence[tuple[datetime, float]]) -> Iterator[timedelta]:
    return (after - before for (before, _), (after, _) in pairwise(found))

# SPDX-License-Identifier: EUPL-1.2
"""Reads a CSV file of counts or loads, as docs/forecast-vehicles.md describes it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TextIO
from zoneinfo import ZoneInfo

import numpy as np

from vehicle_occupancy.domain.forecast.series import Cells, Floats, Panel

TRIPS = frozenset({"date", "trip_id", "departure", "load"})
PLACES = frozenset({"time", "place", "count"})
INTERVALS_MIN = (5, 10, 15, 20, 30, 60)
LATEST_HOUR = 30
MOST = 4_294_967_295
"""What a message holds as well; a count far above it is a mistake, and no machine number holds any."""

MOST_DAYS = 36_525
"""A hundred years: a series has a column for each day between its first and its last, and a mistyped year would fill the memory."""


class SeriesError(ValueError):
    """A file that is no series; says which line and why."""


@dataclass(frozen=True, slots=True)
class Series:
    """A panel with the names of its groups; capacities that the file does not state are NaN."""

    panel: Panel
    capacity: Floats
    groups: tuple[str, ...]
    step_min: int | None
    """of intervals; None for trips, whose cells follow one another by stops"""


@dataclass(slots=True)
class _Gathered:
    """Rows by cell: key (group, run, order in it), place, minute, capacity, values by day."""

    values: dict[tuple[str, str, float], dict[date, float]] = field(default_factory=dict)
    place: dict[tuple[str, str, float], str] = field(default_factory=dict)
    minute: dict[tuple[str, str, float], int] = field(default_factory=dict)
    capacity: dict[tuple[str, str, float], float] = field(default_factory=dict)


def read_series(
    stream: TextIO, name: str, timezone: ZoneInfo, *, row_done: Callable[[], None] = lambda: None
) -> Series:
    """Return the series of a file; times with an offset are turned into those of `timezone`."""
    reader = csv.DictReader(text_lines(stream))
    try:
        header = set(reader.fieldnames or ())
        if header >= TRIPS:
            return _finished(_trips(_told(reader, row_done)), None)
        if header >= PLACES:
            rows = [_interval(row, timezone) for row in _told(reader, row_done)]
            step_min = _spacing({minute for _, _, minute, _, _ in rows})
            return _finished(_places(rows, step_min), step_min)
    except (ValueError, csv.Error, UnicodeDecodeError) as error:
        raise SeriesError(f"{name}:{reader.line_num}: {error}") from error
    raise SeriesError(
        f"{name}:1: the header must hold date,trip_id,departure,load or time,place,count"
    )


def text_lines(stream: TextIO) -> Iterator[str]:
    """Yield the lines of a file; raises ValueError at a NUL, which no name or number holds."""
    for line in stream:
        if "\x00" in line:
            raise ValueError("a NUL character in the file")
        yield line


def _told(reader: csv.DictReader[str], done: Callable[[], None]) -> Iterator[dict[str, str]]:
    for row in reader:
        done()
        if None in row or None in row.values():
            raise ValueError("not as many fields as the header has")
        yield row


def _trips(rows: Iterator[dict[str, str]]) -> _Gathered:
    """Gather one row per trip, stop and day."""
    gathered = _Gathered()
    for row in rows:
        group = " ".join(each for each in (row.get("line"), row.get("direction")) if each)
        sequence = float(row.get("stop_sequence") or 0)
        key = (group, row["trip_id"], sequence)
        gathered.place[key] = row.get("stop_id") or row.get("stop_sequence") or ""
        gathered.minute[key] = _clock(row["departure"])
        _add(gathered, key, date.fromisoformat(row["date"]), row["load"], row.get("capacity"))
    return gathered


def _interval(row: dict[str, str], timezone: ZoneInfo) -> tuple[str, date, int, str, str | None]:
    at = datetime.fromisoformat(row["time"].strip())
    try:
        local = at.astimezone(timezone) if at.tzinfo else at
    except OverflowError as error:
        raise ValueError(f"{row['time']} is out of range") from error
    direction = row.get("direction")
    place = f"{row['place']} {direction}" if direction else row["place"]
    return place, local.date(), local.hour * 60 + local.minute, row["count"], row.get("capacity")


def _places(rows: list[tuple[str, date, int, str, str | None]], step_min: int) -> _Gathered:
    """Gather one row per interval and place; a cell's minute is the end of its interval."""
    gathered = _Gathered()
    for place, day, minute, count, capacity in rows:
        key = (place, place, float(minute))
        gathered.place[key] = place
        gathered.minute[key] = minute + step_min
        _add(gathered, key, day, count, capacity)
    return gathered


def _add(
    gathered: _Gathered, key: tuple[str, str, float], day: date, text: str, capacity: str | None
) -> None:
    if text.strip():
        gathered.values.setdefault(key, {})[day] = number_of(text)
    if capacity:
        gathered.capacity[key] = number_of(capacity)


def _spacing(minutes: set[int]) -> int:
    """Return how far intervals are apart: the largest usual step that all starts are whole of."""
    for step in reversed(INTERVALS_MIN):
        if all(minute % step == 0 for minute in minutes):
            return step
    raise ValueError("intervals must begin at whole steps of 5, 10, 15, 20, 30 or 60 minutes")


def _finished(gathered: _Gathered, step_min: int | None) -> Series:
    if not gathered.values:
        raise SeriesError("the file holds no values")
    keys = sorted(gathered.values, key=lambda key: (key[0], key[1], key[2], gathered.minute[key]))
    groups = tuple(sorted({key[0] for key in keys}))
    runs = {run: n for n, run in enumerate(dict.fromkeys(key[:2] for key in keys))}
    places = {
        place: n for n, place in enumerate(sorted({(key[0], gathered.place[key]) for key in keys}))
    }
    cells = Cells(
        group=np.array([groups.index(key[0]) for key in keys], np.int64),
        place=np.array([places[key[0], gathered.place[key]] for key in keys], np.int64),
        run=np.array([runs[key[:2]] for key in keys], np.int64),
        minute=np.array([gathered.minute[key] for key in keys], np.int64),
    )
    seen = {day for key in keys for day in gathered.values[key]}
    first, last = min(seen), max(seen)
    if (last - first).days >= MOST_DAYS:
        raise ValueError(f"from {first} to {last} are more than a hundred years")
    value = np.full((len(keys), (last - first).days + 1), np.nan, np.float32)
    for row, key in enumerate(keys):
        for day, count in gathered.values[key].items():
            value[row, (day - first).days] = count
    capacity = np.array([gathered.capacity.get(key, np.nan) for key in keys], np.float32)
    return Series(Panel(cells, first, value), capacity, groups, step_min)


def _clock(text: str) -> int:
    """Return the minute of the service day of a time that may lie past midnight, as 25:10."""
    hour, minute, *_ = (int(each) for each in text.strip().split(":"))
    if not (0 <= hour < LATEST_HOUR and 0 <= minute < 60):
        raise ValueError(f"{text} is no time of a service day")
    return hour * 60 + minute


def number_of(text: str) -> float:
    """Return a count of persons; raises ValueError where it is none."""
    number = float(text)
    if not 0 <= number <= MOST:
        raise ValueError(f"{text} is no count")
    return number

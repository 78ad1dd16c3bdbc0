# SPDX-License-Identifier: EUPL-1.2
"""Reads a CSV file of loads per trip and stop for the history, all its wrong lines told at once."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple, TextIO

from vehicle_occupancy.domain.forecast.past import Holds
from vehicle_occupancy.forecasting.csv_series import LATEST_HOUR, number_of

NEEDED = ("date", "trip_id", "departure", "load", "line", "stop_id")
MOST_LOAD = 1000
MOST_TOLD = 100
KEPT = timedelta(days=400)
"""Older loads are forgotten anyway."""


class WrongLine(NamedTuple):
    """A line that cannot be taken, and why."""

    line: int
    text: str


class Departure(NamedTuple):
    """A row: a trip leaves a stop, its place in the order, seconds of the service day, who is aboard."""

    sequence: float
    departure_s: int
    stop_id: str
    load: float | None


class TripDay(NamedTuple):
    """Which trip on which service day, of which line and direction."""

    day: date
    trip_id: str
    line: str
    direction: int


@dataclass(slots=True)
class LoadsFile:
    """What a file holds; of wrong lines the first ones, and how many there are."""

    trips: dict[TripDay, list[Departure]] = field(default_factory=dict)
    holds: dict[TripDay, Holds] = field(default_factory=dict)
    wrong: list[WrongLine] = field(default_factory=list)
    errors: int = 0
    rows: int = 0
    too_old: int = 0

    def refuse(self, line: int, text: str) -> None:
        """Note a wrong line."""
        self.errors += 1
        if len(self.wrong) < MOST_TOLD:
            self.wrong.append(WrongLine(line, text))


def read_loads(
    stream: TextIO, today: date, *, row_done: Callable[[], None] = lambda: None
) -> LoadsFile:
    """Return the trips of a file, each with its stops in order; loads of today and later are wrong."""
    reader, found = csv.DictReader(stream, strict=True), LoadsFile()
    names: dict[str, str] = {}
    try:
        missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            found.refuse(1, f"the header lacks {', '.join(missing)}")
            return found
        for row in reader:
            row_done()
            found.rows += 1
            _take(found, row, reader.line_num, today, names)
    except (csv.Error, UnicodeDecodeError) as error:
        found.refuse(reader.line_num + 1, str(error))
    _order(found)
    return found


def _take(
    found: LoadsFile, row: dict[str, str], line: int, today: date, names: dict[str, str]
) -> None:
    try:
        if None in row or None in row.values():
            raise ValueError("not as many fields as the header has")  # noqa: TRY301
        key, departure = _row(row, today)
        holds = _holds(row)
    except ValueError as error:
        found.refuse(line, str(error))
        return
    if key.day < today - KEPT:
        found.too_old += 1
        return
    # The same few names stand in millions of rows.
    stop_id = names.setdefault(departure.stop_id, departure.stop_id)
    if holds is not None:
        found.holds[key] = holds
    found.trips.setdefault(key, []).append(departure._replace(stop_id=stop_id))


def _row(row: dict[str, str], today: date) -> tuple[TripDay, Departure]:
    day = _day(row["date"].strip())
    if day >= today:
        raise ValueError(f"{day} is not over")
    for name in ("trip_id", "line", "stop_id"):
        if not row[name].strip() or "\0" in row[name]:
            raise ValueError(f"{name} is empty or cannot be stored")
    direction = (row.get("direction") or "0").strip()
    if direction not in {"0", "1"}:
        raise ValueError(f"direction {direction} is neither 0 nor 1")
    load = number_of(row["load"]) if row["load"].strip() else None
    if load is not None and load > MOST_LOAD:
        raise ValueError(f"{load:.0f} persons are more than {MOST_LOAD}")
    sequence = number_of(row.get("stop_sequence") or "0")
    key = TripDay(day, row["trip_id"].strip(), row["line"].strip(), int(direction))
    return key, Departure(sequence, _seconds(row["departure"]), row["stop_id"].strip(), load)


def _holds(row: dict[str, str]) -> Holds | None:
    """Return the places of the vehicle, where a file tells them."""
    seats, standing = ((row.get(name) or "").strip() for name in ("seats", "standing"))
    if not seats and not standing:
        return None
    found = Holds(_whole(seats or "0", "of places"), _whole(standing or "0", "of places"))
    if min(found) < 0 or not 0 < sum(found) <= MOST_LOAD:
        raise ValueError(f"{seats} seats and {standing} standing places are no vehicle")
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"date {text} is not written as 2026-11-26") from error


def _whole(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"{text} is no whole number {what}") from error


def _seconds(text: str) -> int:
    parts = [_whole(each, "in a departure's time") for each in text.strip().split(":")]
    if len(parts) not in {2, 3}:
        raise ValueError(f"{text} is no time of a service day")
    hour, minute, second = (*parts, 0)[:3]
    if not (0 <= hour < LATEST_HOUR and 0 <= minute < 60 and 0 <= second < 60):
        raise ValueError(f"{text} is no time of a service day")
    return hour * 3600 + minute * 60 + second


def _order(found: LoadsFile) -> None:
    """Put the stops of each trip in order, and refuse trips that contradict themselves."""
    lines: dict[tuple[date, str], TripDay] = {}
    for key, departures in found.trips.items():
        departures.sort(key=lambda each: (each.sequence, each.departure_s))
        where = f"trip {key.trip_id} on {key.day}"
        if lines.setdefault((key.day, key.trip_id), key) != key:
            found.refuse(0, f"{where}: of two lines or directions")
        if _repeats((each.sequence, each.stop_id, each.departure_s) for each in departures):
            found.refuse(0, f"{where}: a departure stands there twice")
        times = [each.departure_s for each in departures]
        if times != sorted(times):
            found.refuse(0, f"{where}: departures go back in time")


def _repeats(given: Iterable[object]) -> bool:
    listed = list(given)
    return len(set(listed)) < len(listed)

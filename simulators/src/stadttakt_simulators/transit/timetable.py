# SPDX-License-Identifier: EUPL-1.2
"""The trips of one service day from a GTFS folder, as far as a simulator needs them; the service checks the rest."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from stadttakt_simulators.city.section import CityError
from stadttakt_simulators.lorawan.radio import Place

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Call:
    """A trip at a stop, in seconds from the service day's noon less twelve hours (GTFS, stop_times.txt)."""

    stop_id: str
    arrival_s: int
    departure_s: int


@dataclass(frozen=True, slots=True)
class Trip:
    """One run of a line in one direction; its block says which vehicle drives it, if any does."""

    trip_id: str
    line: str
    route_type: int
    direction: int
    block_id: str
    calls: tuple[Call, ...]

    @property
    def begins_s(self) -> int:
        """When it leaves its first stop."""
        return self.calls[0].departure_s

    @property
    def ends_s(self) -> int:
        """When it comes to its last stop."""
        return self.calls[-1].arrival_s


@dataclass(frozen=True, slots=True)
class Timetable:
    """The trips of one day in the order of their departures, and where stops are."""

    day: date
    midnight: datetime
    stops: Mapping[str, Place]
    trips: tuple[Trip, ...]

    def at(self, seconds: float) -> datetime:
        """This function returns the instant of a time of the service day."""
        return self.midnight + timedelta(seconds=seconds)


def load_timetable(folder: Path, day: date, zone: ZoneInfo) -> Timetable:
    """This function reads the trips of one day; raises CityError where a file is missing or wrong."""
    try:
        return _load(folder, day, zone)
    except (OSError, KeyError, ValueError) as error:
        raise CityError(f"{folder}: not a timetable that can be driven: {error}") from error


def _load(folder: Path, day: date, zone: ZoneInfo) -> Timetable:
    services = _services(folder, day)
    routes = {row["route_id"]: row for row in _rows(folder / "routes.txt")}
    trips = {
        row["trip_id"]: row for row in _rows(folder / "trips.txt") if row["service_id"] in services
    }
    calls: dict[str, list[tuple[int, Call]]] = {}
    for row in _rows(folder / "stop_times.txt"):
        # Stops between time points have no times of their own in some feeds.
        if row["trip_id"] in trips and row["departure_time"]:
            arrival, departure = (
                _seconds(row[name] or row["departure_time"])
                for name in ("arrival_time", "departure_time")
            )
            call = Call(row["stop_id"], arrival, departure)
            calls.setdefault(row["trip_id"], []).append((int(row["stop_sequence"]), call))
    stops = {
        row["stop_id"]: Place(float(row["stop_lat"]), float(row["stop_lon"]))
        for row in _rows(folder / "stops.txt")
        if row["stop_lat"]
    }
    noon = datetime.combine(day, time(12), zone).astimezone(UTC)
    found = [
        _trip(row, routes[row["route_id"]], calls[trip_id])
        for trip_id, row in trips.items()
        if len(calls.get(trip_id, ())) > 1
    ]
    ordered = sorted(found, key=lambda trip: (trip.begins_s, trip.trip_id))
    return Timetable(day, noon - timedelta(hours=12), stops, tuple(ordered))


def _trip(row: Mapping[str, str], route: Mapping[str, str], calls: list[tuple[int, Call]]) -> Trip:
    return Trip(
        row["trip_id"],
        route.get("route_short_name") or row["route_id"],
        int(route.get("route_type") or 3),
        int(row.get("direction_id") or 0),
        row.get("block_id") or "",
        tuple(call for _, call in sorted(calls, key=lambda numbered: numbered[0])),
    )


def _services(folder: Path, day: date) -> frozenset[str]:
    written = day.strftime("%Y%m%d")
    services = set()
    if (folder / "calendar.txt").exists():
        for row in _rows(folder / "calendar.txt"):
            if (
                row["start_date"] <= written <= row["end_date"]
                and row[WEEKDAYS[day.weekday()]] == "1"
            ):
                services.add(row["service_id"])
    if (folder / "calendar_dates.txt").exists():
        for row in _rows(folder / "calendar_dates.txt"):
            if row["date"] == written and row["exception_type"] == "1":
                services.add(row["service_id"])
            elif row["date"] == written:
                services.discard(row["service_id"])
    return frozenset(services)


def _seconds(written: str) -> int:
    hours, minutes, seconds = written.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield {key: (value or "").strip() for key, value in row.items() if key}

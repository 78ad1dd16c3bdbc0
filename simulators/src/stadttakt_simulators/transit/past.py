# SPDX-License-Identifier: EUPL-1.2
"""The past that a city would have had: who was on board of each trip, as no sensor saw them, as CSV."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TextIO

from stadttakt_simulators.transit.town import TransitDay

COLUMNS = (
    *("date", "trip_id", "departure", "load", "line", "direction", "stop_sequence", "stop_id"),
    *("seats", "standing", "capacity"),
)
Row = tuple[str | int | None, ...]


def days_before(until: date, days: int) -> list[date]:
    """This function returns so many days that end before a day."""
    return [until - timedelta(days=number) for number in range(days, 0, -1)]


def rows(day: TransitDay) -> Iterator[Row]:
    """This function yields each departure of a day with its load, in the order of vehicles and stops.

    Its columns are those that the platform reads loads of trips by. Terminals are no departures.
    """
    for number, (vehicle, block) in enumerate(day.rides):
        calls = {trip.trip_id: trip.calls for trip in block}
        for stop in day.truth_of(number):
            index, of_trip = stop.sequence - 1, calls[stop.trip_id]
            if index + 1 == len(of_trip):
                continue
            minutes = of_trip[index].departure_s // 60
            service_day = f"{stop.start_date[:4]}-{stop.start_date[4:6]}-{stop.start_date[6:]}"
            yield (
                *(service_day, stop.trip_id, f"{minutes // 60:02}:{minutes % 60:02}", stop.load),
                *(stop.line, stop.direction, stop.sequence, stop.stop_id),
                *(vehicle.kind.seats, vehicle.kind.standing, stop.places),
            )


def write_past(file: Path, days: Iterable[TransitDay]) -> int:
    """This function writes the past, packed where the file's name says so; returns the rows written."""
    written = 0
    with opened(file) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for day in days:
            for row in rows(day):
                writer.writerow(row)
                written += 1
    return written


@contextmanager
def opened(file: Path) -> Iterator[TextIO]:
    """This function opens a file to write text into, packed where its name says so."""
    if file.suffix == ".gz":
        with gzip.open(file, "wt", encoding="utf-8", newline="") as stream:
            yield stream
    else:
        with file.open("w", encoding="utf-8", newline="") as stream:
            yield stream

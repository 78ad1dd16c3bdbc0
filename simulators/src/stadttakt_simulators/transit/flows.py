# SPDX-License-Identifier: EUPL-1.2
"""How many board and alight per quarter of an hour, of a line or at a place, as no sensor saw them, as CSV."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import TextIO

from stadttakt_simulators.transit.reports import StopTruth
from stadttakt_simulators.transit.town import TransitDay

COLUMNS = ("time", "place", "count")
QUARTER_MIN = 15


class FlowOf(StrEnum):
    """What is counted as one place."""

    LINE = "line"
    DIRECTION = "direction"
    STOP = "stop"


class Flows:
    """Persons by quarter of an hour and place; sums, so that days may come in any order."""

    def __init__(self) -> None:
        self._persons: Counter[tuple[datetime, str]] = Counter()

    def add(self, at: datetime, place: str, persons: int) -> None:
        """This function counts persons who board or alight at a time."""
        quarter = at.replace(minute=at.minute // QUARTER_MIN * QUARTER_MIN, second=0, microsecond=0)
        self._persons[quarter, place] += persons

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """This function yields time, place and persons; where nobody came, zero.

        Quarters in which no vehicle stopped anywhere, as at night, are none.
        """
        places = sorted({place for _, place in self._persons})
        for quarter in sorted({quarter for quarter, _ in self._persons}):
            for place in places:
                yield quarter.isoformat(timespec="minutes"), place, self._persons[quarter, place]

    def write(self, stream: TextIO) -> int:
        """This function writes the form that the platform's backtest reads; returns the rows written."""
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        written = 0
        for row in self.rows():
            writer.writerow(row)
            written += 1
        return written


def flows_of(days: Iterable[TransitDay], of: FlowOf) -> Flows:
    """This function counts everybody who really boards and alights on some days."""
    flows = Flows()
    for day in days:
        for number in range(len(day.rides)):
            for stop in day.truth_of(number):
                flows.add(stop.at, _place(stop, of), stop.boarded + stop.alighted)
    return flows


def _place(stop: StopTruth, of: FlowOf) -> str:
    match of:
        case FlowOf.LINE:
            return stop.line
        case FlowOf.DIRECTION:
            return f"{stop.line} {stop.direction}"
        case FlowOf.STOP:
            return f"{stop.line} {stop.stop_id}"

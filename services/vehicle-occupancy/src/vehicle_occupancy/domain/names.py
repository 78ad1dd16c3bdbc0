# SPDX-License-Identifier: EUPL-1.2
"""What people know a day's stops and trips by, as the timetable names them; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TripName:
    """A trip as passengers and dispatchers know it: line, destination, where and when it begins."""

    line: str
    headsign: str
    from_name: str
    leaves_at: datetime


@dataclass(frozen=True, slots=True)
class DayNames:
    """Names of a service day's stops and trips by their ids."""

    stops: Mapping[str, str] = field(default_factory=dict)
    trips: Mapping[str, TripName] = field(default_factory=dict)

    def stop(self, stop_id: str) -> str:
        """Return a stop's name; its id where the day's timetable does not know it."""
        return self.stops.get(stop_id) or stop_id

    def trip(self, trip_id: str | None) -> TripName | None:
        """Return a trip's name; None where the day's timetable does not know it."""
        return None if trip_id is None else self.trips.get(trip_id)

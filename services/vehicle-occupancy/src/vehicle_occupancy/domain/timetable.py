# SPDX-License-Identifier: EUPL-1.2
"""A timetable as it holds on one service day: trips, stops, and what a vehicle drives next; pure.

Everything else of the service asks a `DayTimetable`; how it is stored and which version of the
timetable is live on a day is the storage's business (`storage.timetable`). Times are seconds of
the service day, which `ServiceDay.at` turns into moments.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import cached_property
from typing import NewType

from vehicle_occupancy.domain.geometry import Line, Place
from vehicle_occupancy.domain.service_day import ServiceDay

TripId = NewType("TripId", str)
StopId = NewType("StopId", str)
LineName = NewType("LineName", str)
"""What passengers call a line: `route_short_name`, or the long one where that is empty."""


class Mode(IntEnum):
    """The kinds of vehicle of GTFS `route_type` that a city has; the rest keep their number."""

    TRAM = 0
    METRO = 1
    RAIL = 2
    BUS = 3
    FERRY = 4


@dataclass(frozen=True, slots=True)
class Stop:
    """Where passengers get on and off; `parent_id` is the station of a platform."""

    stop_id: StopId
    name: str
    place: Place
    parent_id: StopId | None = None


@dataclass(frozen=True, slots=True)
class StopTime:
    """One call of a trip at a stop; `distance_m` is counted from the trip's first stop."""

    stop_id: StopId
    sequence: int
    arrival_s: int
    departure_s: int
    distance_m: float
    boarding: bool = True
    alighting: bool = True


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sequence of stops that trips of one line and direction share, and the way between them."""

    pattern_id: int
    line: LineName
    direction: int
    mode: int
    stop_ids: tuple[StopId, ...]
    distances_m: tuple[float, ...]
    way: Line


@dataclass(frozen=True, slots=True)
class Trip:
    """One journey of a vehicle as planned; times are of its service day.

    `exact` is false where the operator promises a headway only (`frequencies.txt`).
    """

    trip_id: TripId
    line: LineName
    direction: int
    headsign: str
    block_id: str | None
    pattern_id: int
    stop_times: tuple[StopTime, ...]
    exact: bool = True

    @property
    def begin_s(self) -> int:
        """Return when it leaves its first stop."""
        return self.stop_times[0].departure_s

    @property
    def end_s(self) -> int:
        """Return when it reaches its last stop."""
        return self.stop_times[-1].arrival_s

    @property
    def length_m(self) -> float:
        """Return how far it goes."""
        return self.stop_times[-1].distance_m - self.stop_times[0].distance_m

    def index_of(self, stop_id: StopId, *, from_index: int = 0) -> int | None:
        """Return at which of its calls it serves a stop; a stop may be served twice."""
        for index in range(from_index, len(self.stop_times)):
            if self.stop_times[index].stop_id == stop_id:
                return index
        return None


@dataclass(frozen=True)
class DayTimetable:
    """All trips of one service day, by what they are asked for."""

    version_id: int
    service_day: ServiceDay
    trips: Mapping[TripId, Trip]
    patterns: Mapping[int, Pattern]
    stops: Mapping[StopId, Stop]
    simulated: bool = False

    def at(self, seconds: int) -> datetime:
        """Return the moment of a time of this day."""
        return self.service_day.at(seconds)

    @cached_property
    def _by_block(self) -> Mapping[str, tuple[Trip, ...]]:
        found = defaultdict(list)
        for trip in _by_begin(self.trips.values()):
            if trip.block_id is not None:
                found[trip.block_id].append(trip)
        return {key: tuple(trips) for key, trips in found.items()}

    def block(self, block_id: str) -> Sequence[Trip]:
        """Return the trips that one vehicle drives one after the other."""
        return self._by_block.get(block_id, ())

    def next_of_block(self, trip: Trip) -> Trip | None:
        """Return what the vehicle of a trip drives next, if the timetable tells."""
        own = self.block(trip.block_id) if trip.block_id is not None else ()
        later = (each for each in own if each.begin_s >= trip.end_s and each != trip)
        return next(later, None)

    def under_way(self, seconds: float, *, margin_s: float = 0) -> tuple[Trip, ...]:
        """Return trips planned to be under way at a time of the day, with a margin at both ends."""
        begins = bisect_left(self._begins, seconds + margin_s, key=lambda trip: trip.begin_s)
        return tuple(t for t in self._begins[:begins] if t.end_s + margin_s >= seconds)

    @cached_property
    def _begins(self) -> tuple[Trip, ...]:
        return tuple(_by_begin(self.trips.values()))


def _by_begin(trips: Iterable[Trip]) -> list[Trip]:
    return sorted(trips, key=lambda trip: (trip.begin_s, trip.trip_id))

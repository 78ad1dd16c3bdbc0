# SPDX-License-Identifier: EUPL-1.2
"""Patterns of stops with the way between them: along the shape, else straight; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vehicle_occupancy.domain.along import FAR_FROM_WAY_M, distances_along, straight
from vehicle_occupancy.domain.geometry import Line, Place
from vehicle_occupancy.gtfs.calls import Calls
from vehicle_occupancy.gtfs.network import FeedRoute, FeedStop, Shape, way_of
from vehicle_occupancy.gtfs.trips import FeedTrip

UNITS_M = (1.0, 1000.0, 1609.344, 0.3048)
"""What `shape_dist_traveled` is told in: the reference leaves the unit to the feed."""
LIKELY = (0.9, 3.0)
"""How much longer than straight from stop to stop a way is."""


@dataclass(frozen=True, slots=True)
class FeedPattern:
    """What trips of one route and direction that call at the same stops share."""

    pattern_id: int
    route: FeedRoute
    direction: int
    stop_ids: tuple[str, ...]
    sequences: tuple[int, ...]
    boarding: tuple[bool, ...]
    alighting: tuple[bool, ...]
    distances_m: tuple[float, ...]
    way: tuple[Place, ...]


class PatternBook:
    """Numbers patterns as trips come."""

    def __init__(
        self,
        routes: Mapping[str, FeedRoute],
        stops: Mapping[str, FeedStop],
        shapes: Mapping[str, Shape],
    ) -> None:
        self._routes = routes
        self._stops = stops
        self._shapes = shapes
        self._numbers: dict[object, int] = {}
        self.patterns: list[FeedPattern] = []
        self.off_shape: set[str] = set()
        """Shapes that do not pass the stops of their trips, and were not used."""

    def number(self, trip: FeedTrip, calls: Calls) -> int:
        """Return the number of a trip's pattern, a new one for what was not seen yet."""
        key = (
            trip.route_id,
            trip.direction,
            trip.shape_id,
            calls.stop_ids,
            calls.sequences,
            calls.boarding,
            calls.alighting,
        )
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.patterns)
            self.patterns.append(self._pattern(number, trip, calls))
        return number

    def _pattern(self, number: int, trip: FeedTrip, calls: Calls) -> FeedPattern:
        places = [self._stops[stop_id].place for stop_id in calls.stop_ids]
        way = self._way(trip, places)
        along = told_in_metres(calls.distances, places)
        if along is None:
            along = distances_along(Line(way), places) if way else straight(places)
        return FeedPattern(
            number,
            self._routes[trip.route_id],
            trip.direction,
            calls.stop_ids,
            calls.sequences,
            calls.boarding,
            calls.alighting,
            tuple(round(each - along[0], 1) for each in along),
            tuple(way or places),
        )

    def _way(self, trip: FeedTrip, places: Sequence[Place]) -> list[Place] | None:
        shape = self._shapes.get(trip.shape_id) if trip.shape_id is not None else None
        if shape is None or len(shape.sequence) < 2:
            return None
        way = way_of(shape)
        line = Line(way)
        if any(not line.feet(place, FAR_FROM_WAY_M) for place in places):
            self.off_shape.add(str(trip.shape_id))
            return None
        return way


def told_in_metres(
    distances: Sequence[float] | None, places: Sequence[Place]
) -> list[float] | None:
    """Return `shape_dist_traveled` in metres, None where it rises not or fits no unit."""
    if distances is None or any(b < a for a, b in pairwise(distances)):
        return None
    least = straight(places)[-1]
    total = distances[-1] - distances[0]
    if total <= 0 or least <= 0:
        return None
    fitting = [unit for unit in UNITS_M if LIKELY[0] <= total * unit / least <= LIKELY[1]]
    return [each * fitting[0] for each in distances] if fitting else None

# SPDX-License-Identifier: EUPL-1.2
"""Distances on the ground, and where along a line a place is; pure, WGS 84 degrees and metres."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, atan2, cos, degrees, hypot, radians, sin, sqrt

EARTH_M = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""
METRE_PER_DEGREE = EARTH_M * radians(1)


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the ground."""

    lat: float
    lon: float


def distance_m(one: Place, other: Place) -> float:
    """Return the great-circle distance of two places (haversine)."""
    lat, other_lat = radians(one.lat), radians(other.lat)
    half_lat, half_lon = (other_lat - lat) / 2, radians(other.lon - one.lon) / 2
    chord = sin(half_lat) ** 2 + cos(lat) * cos(other_lat) * sin(half_lon) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(chord)))


def bearing_deg(one: Place, other: Place) -> float:
    """Return the direction from one place to another, degrees clockwise from north."""
    east = (other.lon - one.lon) * cos(radians((one.lat + other.lat) / 2))
    return degrees(atan2(east, other.lat - one.lat)) % 360


@dataclass(frozen=True, slots=True)
class Foot:
    """The nearest point of a line: how far along it lies, how far off the place is, the heading."""

    along_m: float
    off_m: float
    bearing_deg: float


class Line:
    """A line on the ground with the distance from its begin at each of its points."""

    def __init__(self, points: Sequence[Place]) -> None:
        if not points:
            raise ValueError("a line needs a point")
        self.points = tuple(points)
        # Flat around the line's middle: exact to a metre within a city's hundred kilometres.
        middle = sum(point.lat for point in points) / len(points)
        self._scale = METRE_PER_DEGREE * cos(radians(middle))
        self._xy = [self._flat(point) for point in points]
        along = [0.0]
        for (x, y), (next_x, next_y) in zip(self._xy, self._xy[1:], strict=False):
            along.append(along[-1] + hypot(next_x - x, next_y - y))
        self.along_m = tuple(along)

    @property
    def length_m(self) -> float:
        """Return how long the line is."""
        return self.along_m[-1]

    def _flat(self, place: Place) -> tuple[float, float]:
        return place.lon * self._scale, place.lat * METRE_PER_DEGREE

    def at(self, along_m: float) -> Place:
        """Return the place at a distance from the begin, at an end where beyond it."""
        index = bisect_right(self.along_m, along_m)
        if index == 0:
            return self.points[0]
        if index == len(self.points):
            return self.points[-1]
        begin, end = self.along_m[index - 1], self.along_m[index]
        share = (along_m - begin) / (end - begin) if end > begin else 0.0
        one, other = self.points[index - 1], self.points[index]
        return Place(
            one.lat + (other.lat - one.lat) * share, one.lon + (other.lon - one.lon) * share
        )

    def feet(self, place: Place, within_m: float) -> list[Foot]:
        """Return the nearest point of every stretch of the line that comes near enough.

        A line that passes a place twice, as loops and returning branches do, gives two.
        """
        found: list[Foot] = []
        best: Foot | None = None
        for index in range(max(1, len(self._xy) - 1)):
            foot = self.foot(place, index)
            if foot.off_m > within_m:
                found, best = (found if best is None else [*found, best]), None
            elif best is None or foot.off_m < best.off_m:
                best = foot
        return found if best is None else [*found, best]

    def nearest(self, place: Place, *, from_m: float = 0.0) -> Foot:
        """Return the nearest point of the line not before a distance from its begin."""
        first = min(bisect_right(self.along_m, from_m) - 1, max(0, len(self._xy) - 2))
        feet = (self.foot(place, index) for index in range(max(0, first), len(self._xy) - 1))
        later = [foot for foot in feet if foot.along_m >= from_m]
        return min(later, key=lambda foot: foot.off_m) if later else self._end(place)

    def _end(self, place: Place) -> Foot:
        return Foot(self.length_m, distance_m(self.points[-1], place), 0.0)

    def foot(self, place: Place, index: int) -> Foot:
        """Return the nearest point of the stretch from one of the line's points to the next."""
        x, y = self._flat(place)
        if len(self._xy) == 1:
            return self._end(place)
        (one_x, one_y), (other_x, other_y) = self._xy[index], self._xy[index + 1]
        east, north = other_x - one_x, other_y - one_y
        square = east * east + north * north
        share = ((x - one_x) * east + (y - one_y) * north) / square if square else 0.0
        share = min(1.0, max(0.0, share))
        off = hypot(one_x + east * share - x, one_y + north * share - y)
        along = self.along_m[index] + share * sqrt(square)
        return Foot(along, off, degrees(atan2(east, north)) % 360)

# SPDX-License-Identifier: EUPL-1.2
"""Finds the patterns whose way passes a place, and how far along it lies; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import ceil, floor

from vehicle_occupancy.domain.along import distances_along
from vehicle_occupancy.domain.geometry import Foot, Line, Place
from vehicle_occupancy.domain.timetable import DayTimetable, Pattern

CELL_DEGREES = 0.002
"""Cells of some 200 m, so that what lies within that distance stands in the cells around."""


class Ways:
    """The ways of all patterns of a timetable, by cells of a grid."""

    def __init__(self, day: DayTimetable) -> None:
        self._lines = {each.pattern_id: each.way for each in day.patterns.values()}
        self._cells: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        self.stops_m: Mapping[int, list[float]] = {
            each.pattern_id: _stops_along(each, day) for each in day.patterns.values()
        }
        for pattern_id, line in self._lines.items():
            for index in range(len(line.points) - 1):
                for cell in _cells_between(line.points[index], line.points[index + 1]):
                    self._cells[cell].append((pattern_id, index))

    def near(self, place: Place, within_m: float) -> Iterator[tuple[int, Foot]]:
        """Give patterns that pass a place and where; more than once where their way returns."""
        row, column = _cell(place)
        stretches: defaultdict[int, set[int]] = defaultdict(set)
        for north in (-1, 0, 1):
            for east in (-1, 0, 1):
                for pattern_id, index in self._cells.get((row + north, column + east), ()):
                    stretches[pattern_id].add(index)
        for pattern_id, indexes in stretches.items():
            for foot in _best_of_each_pass(self._lines[pattern_id], place, sorted(indexes)):
                if foot.off_m <= within_m:
                    yield pattern_id, foot


def _stops_along(pattern: Pattern, day: DayTimetable) -> list[float]:
    places = [day.stops[stop_id].place for stop_id in pattern.stop_ids]
    return distances_along(pattern.way, places)


def _best_of_each_pass(line: Line, place: Place, indexes: list[int]) -> Iterator[Foot]:
    best: Foot | None = None
    last = -2
    for index in indexes:
        foot = line.foot(place, index)
        if best is not None and index != last + 1:
            yield best
            best = None
        if best is None or foot.off_m < best.off_m:
            best = foot
        last = index
    if best is not None:
        yield best


def _cell(place: Place) -> tuple[int, int]:
    return floor(place.lat / CELL_DEGREES), floor(place.lon / CELL_DEGREES)


def _cells_between(one: Place, other: Place) -> set[tuple[int, int]]:
    longest = max(abs(other.lat - one.lat), abs(other.lon - one.lon))
    steps = max(1, ceil(longest / (CELL_DEGREES / 2)))
    return {
        _cell(
            Place(
                one.lat + (other.lat - one.lat) * step / steps,
                one.lon + (other.lon - one.lon) * step / steps,
            )
        )
        for step in range(steps + 1)
    }

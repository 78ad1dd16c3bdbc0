# SPDX-License-Identifier: EUPL-1.2
"""How far a vehicle had come on its trip at a time, from where it was seen; pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.domain.timetable import Trip

AT_STOP_M = 60.0
"""A vehicle so near to a stop is at it: half a tram's length and the error of a position."""

GOES_ON = timedelta(seconds=90)
"""So long after its last position a vehicle is taken to go on as planned."""


class Timing(StrEnum):
    """What tells when a vehicle was at its stops."""

    POSITION = "position"
    ASSIGNMENT = "assignment"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A vehicle was so far along its way at a time."""

    at: datetime
    along_m: float
    by: Timing = Timing.POSITION


class Progress:
    """Between anchors at even speed, before the first and after the last as planned from there.

    Without anchors: as planned. Never back: what an error of a position takes back is no movement.
    Who waits at the first stop leaves it as planned, or when it is seen elsewhere.
    """

    def __init__(
        self, trip: Trip, stops_m: Sequence[float], day: ServiceDay, anchors: Iterable[Anchor]
    ) -> None:
        self._stops_m = stops_m
        self.planned = [
            (day.at(call.arrival_s), day.at(call.departure_s)) for call in trip.stop_times
        ]
        ordered = _forward(sorted(anchors, key=lambda each: (each.at, each.along_m)))
        self.timing = min((each.by for each in ordered), default=Timing.PLANNED, key=_rank)
        self.known_until = (
            ordered[-1].at + GOES_ON if ordered and self.timing is Timing.POSITION else None
        )
        self._points = self._completed([(each.at, each.along_m) for each in ordered])
        self._times = [at for at, _ in self._points]

    def along_m(self, at: datetime) -> float:
        """Return how far along its way the vehicle was."""
        index = bisect_right(self._times, at)
        if index == 0:
            return self._points[0][1]
        if index == len(self._points):
            return self._points[-1][1]
        (begin, begin_m), (end, end_m) = self._points[index - 1], self._points[index]
        share = (at - begin) / (end - begin) if end > begin else 0.0
        return begin_m + (end_m - begin_m) * share

    def index_at(self, at: datetime) -> int:
        """Return the last stop that it had reached; the first one before it left."""
        along = self.along_m(at)
        return max(0, bisect_right(self._stops_m, along + AT_STOP_M) - 1)

    def reached(self, index: int) -> datetime:
        """Return when it came to a stop."""
        return self._crossed(self._stops_m[index] - AT_STOP_M)

    def left(self, index: int) -> datetime:
        """Return when it left a stop."""
        return max(self._crossed(self._stops_m[index] + AT_STOP_M, last=True), self.reached(index))

    def _crossed(self, along_m: float, *, last: bool = False) -> datetime:
        for (begin, begin_m), (end, end_m) in pairwise(self._points):
            if begin_m <= along_m < end_m:
                return begin + (end - begin) * ((along_m - begin_m) / (end_m - begin_m))
        if along_m < self._points[0][1]:
            return self._points[0][0]
        ended = [at for at, along in self._points if along == self._points[-1][1]]
        return ended[-1] if last else ended[0]

    def _completed(self, seen: list[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
        """Add the planned course before the first and after the last anchor, shifted to meet it."""
        course = [
            point
            for (arrival, departure), along in zip(self.planned, self._stops_m, strict=True)
            for point in ((arrival, along), (departure, along))
        ]
        if not seen:
            return course
        first, last = seen[0], seen[-1]
        early, late = first[0] - _at(course, first[1]), last[0] - _at(course, last[1], last=True)
        before = [(at + early, along) for at, along in course if along < first[1] - AT_STOP_M]
        after = [(at + late, along) for at, along in course if along > last[1] + AT_STOP_M]
        begin, begin_m = course[1]
        if late < timedelta() and last[1] <= begin_m + AT_STOP_M:
            waits = (begin, last[1])
            after = [waits, *(point for point in course if point[1] > last[1] + AT_STOP_M)]
        return [
            *(point for point in before if point[0] < first[0]),
            *seen,
            *(point for point in after if point[0] > last[0]),
        ]


def _at(
    course: Sequence[tuple[datetime, float]], along_m: float, *, last: bool = False
) -> datetime:
    """Return when the planned course is at a place; at a stop its arrival, or its departure."""
    points = list(reversed(course)) if last else course
    for at, along in points:
        if abs(along - along_m) <= AT_STOP_M:
            return at
    for (begin, begin_m), (end, end_m) in pairwise(course):
        if begin_m <= along_m <= end_m and end_m > begin_m:
            return begin + (end - begin) * ((along_m - begin_m) / (end_m - begin_m))
    return course[0][0] if along_m < course[0][1] else course[-1][0]


def _forward(anchors: Sequence[Anchor]) -> list[Anchor]:
    found: list[Anchor] = []
    for each in anchors:
        if found and each.at <= found[-1].at + timedelta(seconds=0.5):
            continue
        if found and each.along_m < found[-1].along_m:
            found.append(Anchor(each.at, found[-1].along_m, each.by))
        else:
            found.append(each)
    return found


def _rank(timing: Timing) -> int:
    return list(Timing).index(timing)

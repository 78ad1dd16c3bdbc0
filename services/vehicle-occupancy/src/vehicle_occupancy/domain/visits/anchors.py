# SPDX-License-Identifier: EUPL-1.2
"""Where a vehicle was seen along the way of its trip; pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from vehicle_occupancy.domain.geometry import Line, Place
from vehicle_occupancy.domain.reading import Assignment, Position
from vehicle_occupancy.domain.timetable import StopId, Trip
from vehicle_occupancy.domain.visits.progress import Anchor, Timing

NEAR_M = 150.0
PLANNED_WEIGHT = 0.05
"""Where a way passes a place twice, what was due then decides, if the distances are alike."""


def from_positions(
    way: Line, positions: Iterable[Position], expected: Sequence[tuple[datetime, float]]
) -> Iterator[Anchor]:
    """Give where on the way positions lie; `expected` is the planned course, in order."""
    times = [at for at, _ in expected]
    for each in positions:
        feet = way.feet(Place(each.lat, each.lon), NEAR_M)
        if not feet:
            continue
        index = min(bisect_right(times, each.observed_at), len(expected) - 1)
        due = expected[index][1]
        foot = min(feet, key=lambda foot: foot.off_m + PLANNED_WEIGHT * abs(foot.along_m - due))
        yield Anchor(each.observed_at, foot.along_m, Timing.POSITION)


def from_assignments(
    trip: Trip, stops_m: Sequence[float], told: Iterable[Assignment]
) -> Iterator[Anchor]:
    """Give when a vehicle was told to be at stops of its trip, each after the one before."""
    last = 0
    for each in told:
        if each.trip_id != trip.trip_id or each.stop_id is None:
            continue
        index = trip.index_of(StopId(each.stop_id), from_index=last)
        if index is not None:
            last = index
            yield Anchor(each.observed_at, stops_m[index], Timing.ASSIGNMENT)

# SPDX-License-Identifier: EUPL-1.2
"""How far trips under way were seen to have come, and whether they still leave a stop; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import floor
from typing import NamedTuple

from vehicle_occupancy.domain.forecast.trip import TripForecast

HELD = timedelta(minutes=20)
"""So long after it was due there, or was last heard of, a trip may still leave a stop."""
UNSEEN = timedelta(minutes=5)
"""So long after its time a trip of which nothing was seen may still leave a stop."""
TOLD_LATE_MIN = 2
"""From so many minutes on it is told how much later or earlier than planned a trip is."""
_NEXT = timedelta(seconds=1)


class Seen(NamedTuple):
    """What was seen of a trip: the place of the last stop that it left, -1 before the first.

    `late` is by how much it left that stop later than planned, negative if earlier; `until` is when
    its vehicle was last heard of on it: a position, a reading or an assignment.
    """

    left: int
    late: timedelta
    until: datetime


Running = Mapping[tuple[date, str], Seen]
"""By service day and trip; trips of which nothing was seen are not in it."""


def due_at(planned: datetime, seen: Seen | None) -> datetime:
    """Return when a trip is due at a stop ahead, planned for a time, if it stays as late as it is."""
    return planned if seen is None else planned + seen.late


def is_to_come(planned: datetime, index: int, seen: Seen | None, now: datetime) -> bool:
    """Return whether a trip still leaves its stop `index`, where it was planned for a time.

    It does until it was seen to leave; where nobody sees it any more, or ever saw it, for a while.
    """
    if seen is None:
        return now < planned + UNSEEN
    return index > seen.left and now < max(due_at(planned, seen), seen.until) + HELD


def as_running(
    trip: TripForecast, planned: Sequence[datetime], seen: Seen | None, now: datetime
) -> TripForecast:
    """Return a trip with the times at which it left its stops, or leaves them, as far as that is known.

    What it still leaves lies after `now`, all else not. Of a trip that nobody saw: as planned.
    """
    if seen is None:
        return trip
    moved = (
        departure_s + floor((_leaves_at(at, index, seen, now) - at).total_seconds())
        for index, (departure_s, at) in enumerate(zip(trip.departures_s, planned, strict=True))
    )
    return replace(trip, departures_s=tuple(moved))


def _leaves_at(planned: datetime, index: int, seen: Seen, now: datetime) -> datetime:
    due = due_at(planned, seen)
    if is_to_come(planned, index, seen, now):
        return max(due, now + _NEXT)
    return min(due, now)

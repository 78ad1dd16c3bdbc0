# SPDX-License-Identifier: EUPL-1.2
"""Which stop a vehicle makes for, and from which departure on something is told of it to everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from vehicle_occupancy.domain.load.level import Level
from vehicle_occupancy.domain.publication import SLOT_MIN, Departure, slot_of
from vehicle_occupancy.domain.reading import Assignment

SLOT = timedelta(minutes=SLOT_MIN)


@dataclass(frozen=True, slots=True)
class Leg:
    """A vehicle was seen to leave a stop of its trip at a time and makes for the next one.

    `behind` are the stops that it left, `level` is what everybody is told of its load from there,
    none as long as that is not known.
    """

    trip_id: str
    start_date: str | None
    next_stop_id: str
    since: datetime
    behind: frozenset[str] = frozenset()
    level: Level | None = None

    def is_news_after(self, before: Leg | None) -> bool:
        """Tell whether it is a later one, or tells a level that was not known before."""
        if before is None or not before.is_of(self.trip_id, self.start_date):
            return True
        return self.since > before.since or (
            self.next_stop_id == before.next_stop_id and before.level is None
        )

    def begins_at(self, departure: Departure) -> bool:
        """Tell whether it begins at a departure."""
        is_same = self.next_stop_id == departure.stop
        return is_same and self.is_of(departure.trip_id, departure.start_date)

    def is_of(self, trip_id: str | None, start_date: str | None) -> bool:
        """Tell whether it is of a trip; one without a date is that of any day."""
        return self.trip_id == trip_id and (
            start_date is None or self.start_date is None or self.start_date == start_date
        )


def next_stop(assignment: Assignment, leg: Leg | None) -> tuple[str | None, datetime]:
    """Return the stop that a vehicle makes for and since when: the latest that was named or seen.

    Who names the same stop again, or one that was left already, tells nothing new.
    """
    named = assignment.stop_id, assignment.observed_at
    if leg is None or not leg.is_of(assignment.trip_id, assignment.start_date):
        return named
    is_old = assignment.stop_id in leg.behind or assignment.stop_id == leg.next_stop_id
    if is_old or leg.since > assignment.observed_at:
        return leg.next_stop_id, leg.since
    return named


def departure_of(
    vehicle_id: str,
    assignment: Assignment | None,
    leg: Leg | None,
    now: datetime,
    *,
    before: Departure | None = None,
) -> Departure:
    """Return the last departure that is known of a vehicle, else a slot of time that stands for it.

    `assignment` is one that holds; it names the next stop once the one before was left. `before`
    was told of last; nothing is told of what was earlier. Who is not known to have left anywhere
    for as long as a slot is told of anew.
    """
    slot = slot_of(vehicle_id, now)
    if assignment is None or assignment.trip_id is None:
        return slot
    trip = assignment.trip_id, assignment.start_date
    stop, at = next_stop(assignment, leg)
    last = Departure(vehicle_id, *trip, stop or "", at)
    is_same = before is not None and (before.trip_id, before.start_date) == trip
    if before is not None and is_same and (before.stop == last.stop or before.at >= last.at):
        last = before
    if now - last.at < SLOT:
        return last
    return Departure(vehicle_id, *trip, slot.stop, slot.at)

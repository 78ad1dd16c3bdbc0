"""From which departure on something is told of a vehicle to everybody."""

from __future__ import annotations

from datetime import datetime

from vehicle_occupancy.domain.publication import Departure, slot_of
from vehicle_occupancy.domain.reading import Assignment


def departure_of(vehicle_id: str, assignment: Assignment | None, now: datetime) -> Departure:
    """Return the last departure: that to the stop which the control centre names, else a slot.

    `assignment` is one that holds. It names the next stop once the one before was left.
    """
    if assignment is None or assignment.trip_id is None or assignment.stop_id is None:
        return slot_of(vehicle_id, now)
    return Departure(
        vehicle_id=vehicle_id,
        trip_id=assignment.trip_id,
        start_date=assignment.start_date,
        stop=assignment.stop_id,
        at=assignment.observed_at,
    )

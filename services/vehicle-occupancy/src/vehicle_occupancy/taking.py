# SPDX-License-Identifier: EUPL-1.2
"""What of a batch is new: stored in the keeper's transaction, sorted by vehicle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.reading import Assignment, Identity, Position, SensorReading
from vehicle_occupancy.storage import readings
from vehicle_occupancy.storage.readings import Event


@dataclass(slots=True)
class New:
    """What of a batch was not stored before, by vehicle."""

    said: defaultdict[VehicleId, list[SensorReading]]
    told: defaultdict[VehicleId, list[Assignment]]


async def store(connection: Any, accepted: Sequence[Event], *, repeated: bool) -> New:
    """Store all that was said; returns what was not stored before.

    Where the try before may have been committed without an answer, nothing that is stored tells
    whether it was taken in memory: then all is new.
    """
    placed = [event for event in accepted if isinstance(event.said, Position)]
    assigned = [event for event in accepted if isinstance(event.said, Assignment)]
    sensed = [event for event in accepted if not isinstance(event.said, Assignment | Position)]
    if placed:
        await readings.insert_positions(connection, placed)
    fresh: set[Identity] = set()
    if assigned:
        fresh |= await readings.insert_assignments(connection, assigned)
    if sensed:
        fresh |= await readings.insert(connection, sensed)
    new = New(defaultdict(list), defaultdict(list))
    for event in accepted:
        said = event.said
        if isinstance(said, Position) or not (repeated or said.identity in fresh):
            continue
        if isinstance(said, Assignment):
            new.told[said.vehicle_id].append(said.as_believed())
        else:
            new.said[said.vehicle_id].append(said)
    return new


def newest_positions(
    accepted: Sequence[Event], before: Mapping[VehicleId, Position]
) -> dict[VehicleId, Position]:
    """Return the newest position of each vehicle, where it is newer than the one before.

    What is real takes the place of what is simulated, never the other way round.
    """
    found: dict[VehicleId, Position] = {}
    for event in accepted:
        said = event.said
        if not isinstance(said, Position):
            continue
        known = found.get(said.vehicle_id) or before.get(said.vehicle_id)
        if known is None or _rank(said) > _rank(known):
            found[said.vehicle_id] = said
    return found


def _rank(position: Position) -> tuple[bool, Identity]:
    return not position.simulated, position.identity

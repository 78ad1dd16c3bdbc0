# SPDX-License-Identifier: EUPL-1.2
"""Which trips a vehicle served lately, in their order, whatever the order they were told in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from vehicle_occupancy.domain.load.reading import EmptyCause, KnownEmpty
from vehicle_occupancy.domain.reading import Assignment
from vehicle_occupancy.domain.vehicle import Vehicle

REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Journeys:
    """Assignments of one vehicle, the oldest first; simulated ones only where none is real."""

    assignments: tuple[Assignment, ...] = ()

    @property
    def newest(self) -> Assignment | None:
        """Return the last one."""
        return self.assignments[-1] if self.assignments else None

    def line_at(self, moment: datetime) -> str | None:
        """Return the line that it was on."""
        place = bisect_right(self.assignments, moment, key=lambda each: each.observed_at)
        return self.assignments[place - 1].line if place else None

    def plus(self, told: Iterable[Assignment]) -> Journeys:
        """Return these and others, each once."""
        known = {each.identity: each for each in (*self.assignments, *told)}
        real = [each for each in known.values() if not each.simulated]
        found = sorted(real or known.values(), key=lambda each: each.identity)
        return Journeys(tuple(found))

    def lately(self) -> Journeys:
        """Return the newest, which are remembered; ends of trips must be taken from all that was told before."""
        return Journeys(self.assignments[-REMEMBERED:])

    def ends(self, vehicle: Vehicle) -> Iterator[KnownEmpty]:
        """Yield when a trip was over: whoever served another trip next had its terminal between."""
        for before, after in pairwise(self.assignments):
            if any(before.journey) and after.begins_another(before):
                yield KnownEmpty(
                    event_id=f"end:{after.event_id}",
                    vehicle_id=vehicle.vehicle_id,
                    observed_at=after.observed_at,
                    probability=vehicle.terminal_empty,
                    cause=EmptyCause.TERMINAL,
                    simulated=after.simulated,
                )

# SPDX-License-Identifier: EUPL-1.2
"""By how much a vehicle's counts are wrong on average where it is known to be empty; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.track import Correction

WATCHED = timedelta(days=1)
LEAST_CORRECTIONS = 5
"""A vehicle that was known to be empty less often is not judged."""
MOST_PERSONS = 10.0
"""A mean correction above it is no usual miscount of doors."""


class Drift(NamedTuple):
    """How often a vehicle's count was corrected, and by how many persons together, either way."""

    corrections: int = 0
    persons: float = 0.0

    @property
    def mean(self) -> float:
        """Return the persons by which a count was wrong on average."""
        return self.persons / self.corrections if self.corrections else 0.0

    @property
    def is_excessive(self) -> bool:
        """Return whether somebody should look at the vehicle's doors."""
        return self.corrections >= LEAST_CORRECTIONS and self.mean > MOST_PERSONS

    def plus(self, persons: float) -> Drift:
        """Return this with one correction more."""
        return Drift(self.corrections + 1, self.persons + abs(persons))


def by_hour(
    corrections: Iterable[tuple[VehicleId, Correction]],
) -> Mapping[tuple[datetime, VehicleId], Drift]:
    """Return what was corrected by vehicle, in the hours in which vehicles were empty."""
    found: defaultdict[tuple[datetime, VehicleId], Drift] = defaultdict(Drift)
    for vehicle_id, each in corrections:
        hour = each.at.replace(minute=0, second=0, microsecond=0)
        found[hour, vehicle_id] = found[hour, vehicle_id].plus(each.amount)
    return found

# SPDX-License-Identifier: EUPL-1.2
"""Vehicles whose loads must be folded anew since something came very late: when it is their turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from stadttakt_messages.base import VehicleId

CALM = timedelta(seconds=2)
"""So long after its last late message a vehicle's load is folded anew: many come together."""
LONGEST = timedelta(seconds=10)
"""Where late messages go on coming, no load is older than that."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    since: datetime
    first_heard: datetime
    last_heard: datetime

    @property
    def due(self) -> datetime:
        return min(self.last_heard + CALM, self.first_heard + LONGEST)


class Late:
    """Which vehicles wait, and since which time of their logs they are to be folded."""

    def __init__(self) -> None:
        self._waiting: dict[VehicleId, _Waiting] = {}

    @property
    def vehicles(self) -> frozenset[VehicleId]:
        """Return who waits."""
        return frozenset(self._waiting)

    def add(self, since: Mapping[VehicleId, datetime], now: datetime) -> None:
        """Note what came late."""
        for vehicle_id, at in since.items():
            known = self._waiting.get(vehicle_id, _Waiting(at, now, now))
            self._waiting[vehicle_id] = _Waiting(min(known.since, at), known.first_heard, now)

    def take(self, now: datetime) -> tuple[VehicleId, datetime] | None:
        """Return whose turn it is, and take it off; None where nobody's is."""
        due = [(each.due, vehicle_id) for vehicle_id, each in self._waiting.items()]
        if not due or min(due)[0] > now:
            return None
        vehicle_id = min(due)[1]
        return vehicle_id, self._waiting.pop(vehicle_id).since

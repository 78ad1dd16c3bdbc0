# SPDX-License-Identifier: EUPL-1.2
"""A vehicle as the city configured it: what it is, and how what its sensors say is to be read."""

from __future__ import annotations

from dataclasses import dataclass

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.vehicle import VehicleRules

DEFAULT_PERSONS = frozenset({"adult", "child", "wheelchair", "other"})
"""Object classes that are people; bicycles and prams take room and no place of their own."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle; `terminal_empty` is how likely it is empty between two trips."""

    vehicle_id: VehicleId
    kind: str
    mode: str
    rules: VehicleRules
    lines: tuple[str, ...] = ()
    persons: frozenset[str] = DEFAULT_PERSONS
    uses_presence: bool = True
    terminal_empty: float = 0.95

    @property
    def is_equipped(self) -> bool:
        """Return whether anything could ever tell its load: doors, axles or radio devices."""
        return bool(self.rules.doors) or self.rules.axles is not None or self.uses_presence

    def has_door(self, name: str) -> bool:
        """Tell whether it has a door of this name."""
        return any(door.name == name for door in self.rules.doors)

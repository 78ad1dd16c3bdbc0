# SPDX-License-Identifier: EUPL-1.2
"""All vehicles of a city and the rules they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.level import LevelRules
from vehicle_occupancy.domain.publication import PublicationPolicy
from vehicle_occupancy.domain.vehicle import Vehicle


class Region(NamedTuple):
    """A box in degrees (WGS 84) outside of which no vehicle of the city is."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lat: float, lon: float) -> bool:
        """Tell whether a place is inside."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east


@dataclass(frozen=True, slots=True)
class City:
    """What is configured; `sensors` are the vehicles by what their counting systems are called."""

    vehicles: Mapping[VehicleId, Vehicle] = field(default_factory=dict)
    sensors: Mapping[str, VehicleId] = field(default_factory=dict)
    levels: LevelRules = field(default_factory=LevelRules)
    publication: PublicationPolicy = field(default_factory=PublicationPolicy)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    region: Region | None = None
    timezone: str = "UTC"

    @classmethod
    def of(cls, vehicles: Iterable[Vehicle]) -> City:
        """Return a city of these vehicles and the usual rules."""
        return cls({each.vehicle_id: each for each in vehicles})

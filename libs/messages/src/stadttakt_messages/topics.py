# SPDX-License-Identifier: EUPL-1.2
"""Topic names of the platform: builders and filters; owns no connection."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

DEFAULT_ROOT = "takt/v1"


@lru_cache(65_536)
def _level(value: str) -> str:
    """Return an id as one topic level: `/`, `+`, `#` and the like percent-encoded."""
    if not value:
        message = "a topic level must not be empty"
        raise ValueError(message)
    return quote(value, safe="!$&'()*,:;=@~")


@dataclass(frozen=True, slots=True)
class Topics:
    """Builds the topics below one root."""

    root: str = DEFAULT_ROOT

    def bay_occupancy(self, bay_id: str) -> str:
        """Return where observations of a bay go."""
        return f"{self.root}/observation/bay-occupancy/{_level(bay_id)}"

    def vehicle_count(self, lot_id: str, gate: str) -> str:
        """Return where counts of a lot's gate go."""
        return f"{self.root}/observation/vehicle-count/{_level(lot_id)}/{_level(gate)}"

    def passenger_count(self, vehicle_id: str, door: str) -> str:
        """Return where counts of a vehicle's door go."""
        return f"{self.root}/observation/passenger-count/{_level(vehicle_id)}/{_level(door)}"

    def device_presence(self, vehicle_id: str) -> str:
        """Return where presence counts of a vehicle go."""
        return f"{self.root}/observation/device-presence/{_level(vehicle_id)}"

    def axle_load(self, vehicle_id: str) -> str:
        """Return where axle loads of a vehicle go."""
        return f"{self.root}/observation/axle-load/{_level(vehicle_id)}"

    def environment(self, asset_id: str) -> str:
        """Return where environment readings of an asset go."""
        return f"{self.root}/observation/environment/{_level(asset_id)}"

    def vehicle_position(self, vehicle_id: str) -> str:
        """Return where a vehicle's position comes in."""
        return f"{self.root}/input/vehicle-position/{_level(vehicle_id)}"

    def trip_assignment(self, vehicle_id: str) -> str:
        """Return where a vehicle's trip comes in."""
        return f"{self.root}/input/trip-assignment/{_level(vehicle_id)}"

    def state(self, entity: str, entity_id: str) -> str:
        """Return where the retained state of a bay, lot, sign or vehicle stands."""
        return f"{self.root}/state/{_level(entity)}/{_level(entity_id)}"

    def vehicle_load(self, vehicle_id: str) -> str:
        """Return where a vehicle's numbers stand, which are not for everybody."""
        return f"{self.root}/restricted/vehicle-load/{_level(vehicle_id)}"

    def alert(self, kind: str, alert_id: str) -> str:
        """Return where an alert stands until it is cleared."""
        return f"{self.root}/alert/{_level(kind)}/{_level(alert_id)}"

    def registry_event(self, entity: str, entity_id: str) -> str:
        """Return where the registry tells what happened to an idea or measure."""
        return f"{self.root}/event/registry/{_level(entity)}/{_level(entity_id)}"

    def indicator_value(self, indicator_id: str) -> str:
        """Return where changes of an indicator's values are told."""
        return f"{self.root}/event/kpi/{_level(indicator_id)}"

    def all_of(self, pattern: str) -> str:
        """Return the filter of a catalogue pattern: each `{name}` becomes `+`."""
        levels = ("+" if level.startswith("{") else level for level in pattern.split("/"))
        return f"{self.root}/{'/'.join(levels)}"

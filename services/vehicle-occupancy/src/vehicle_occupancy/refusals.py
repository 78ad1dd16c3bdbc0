# SPDX-License-Identifier: EUPL-1.2
"""Why something that was said of a vehicle cannot be taken as the city is configured."""

from __future__ import annotations

from vehicle_occupancy.domain.city import City
from vehicle_occupancy.domain.reading import (
    AxleReading,
    DevicesReading,
    DoorReading,
    Input,
    Position,
)
from vehicle_occupancy.domain.vehicle import Vehicle

MOST_IN_ONE_MESSAGE = 400
"""More people than this do not pass a door between two messages."""
MOST_DEVICES = 5_000
HEAVIEST_KG = 200_000


def refusal_of(city: City, said: Input) -> tuple[str, str] | None:
    """Return a stable word and a detail; None where it can be taken."""
    vehicle = city.vehicles.get(said.vehicle_id)
    if vehicle is None:
        return "unknown_vehicle", said.vehicle_id
    match said:
        case DoorReading():
            return _counted(vehicle, said)
        case DevicesReading() if max(said.wifi or 0, said.ble or 0) > MOST_DEVICES:
            return "absurd_count", f"more than {MOST_DEVICES} radio devices in a vehicle"
        case AxleReading() if not 0 <= said.mass_kg <= HEAVIEST_KG:
            return "absurd_count", f"{said.mass_kg} kg"
        case Position() if city.region and not city.region.holds(said.lat, said.lon):
            return "outside_region", f"{said.lat}, {said.lon}"
        case _:
            return None


def _counted(vehicle: Vehicle, said: DoorReading) -> tuple[str, str] | None:
    door = next((each for each in vehicle.rules.doors if each.name == said.door), None)
    named = f"{said.vehicle_id}/{said.door}"
    if door is None:
        return "unknown_door", named
    most = max((max(pair) for pair in said.counts.values()), default=0)
    if said.mode == "delta" and most > MOST_IN_ONE_MESSAGE:
        most_told = f"{most} people in one message, at most {MOST_IN_ONE_MESSAGE}"
        return "absurd_count", f"{named}: {most_told}"
    if said.mode == "cumulative" and door.counter_bits and most >> door.counter_bits:
        return "absurd_count", f"{named}: a counter at {most}, of {door.counter_bits} bits"
    return None

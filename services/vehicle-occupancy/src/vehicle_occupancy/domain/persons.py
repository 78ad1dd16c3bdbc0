# SPDX-License-Identifier: EUPL-1.2
"""Sensor readings as what the load filter takes: people, devices, masses."""

from __future__ import annotations

from datetime import tzinfo

from vehicle_occupancy.domain.journeys import Journeys
from vehicle_occupancy.domain.load.reading import (
    AxleLoad,
    DoorCount,
    Passed,
    PresenceCount,
    Reading,
)
from vehicle_occupancy.domain.reading import (
    AxleReading,
    DevicesReading,
    DoorReading,
    SensorReading,
)
from vehicle_occupancy.domain.vehicle import Vehicle


def to_load(
    vehicle: Vehicle, journeys: Journeys, said: SensorReading, zone: tzinfo
) -> Reading | None:
    """Return what a reading tells of the load; None where the city does not want it used."""
    match said:
        case DoorReading():
            return DoorCount(
                event_id=said.event_id,
                vehicle_id=said.vehicle_id,
                door=said.door,
                observed_at=said.observed_at,
                mode=said.mode,
                counted=_people(vehicle, said),
                quality=said.quality,
                simulated=said.simulated,
            )
        case DevicesReading() if vehicle.uses_presence:
            return PresenceCount(
                event_id=said.event_id,
                vehicle_id=said.vehicle_id,
                observed_at=said.observed_at,
                wifi=said.wifi,
                ble=said.ble,
                line=journeys.line_at(said.observed_at),
                hour=said.observed_at.astimezone(zone).hour,
                simulated=said.simulated,
            )
        case AxleReading() if vehicle.rules.axles is not None:
            tare_kg = 0.0 if said.gross else vehicle.rules.axles.tare_kg
            return AxleLoad(
                event_id=said.event_id,
                vehicle_id=said.vehicle_id,
                observed_at=said.observed_at,
                mass_kg=said.mass_kg + tare_kg,
                simulated=said.simulated,
            )
        case _:
            return None


def _people(vehicle: Vehicle, said: DoorReading) -> Passed:
    pairs = [pair for name, pair in said.counts.items() if name in vehicle.persons]
    return Passed(sum(inwards for inwards, _ in pairs), sum(outwards for _, outwards in pairs))

# SPDX-License-Identifier: EUPL-1.2
"""Readings of a made-up tram, short to write."""

from datetime import UTC, datetime, timedelta

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.level import LevelRules
from vehicle_occupancy.domain.load.reading import (
    AxleLoad,
    DoorCount,
    EmptyCause,
    KnownEmpty,
    Mode,
    Passed,
    PresenceCount,
    Quality,
)
from vehicle_occupancy.domain.load.vehicle import Door, VehicleRules

TRAM = VehicleId("tram-641")
START = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
LEVELS = LevelRules()


def rules(*, doors: int = 4, seats: int = 60, standing: int = 90) -> VehicleRules:
    return VehicleRules(seats, standing, tuple(Door(str(n)) for n in range(1, doors + 1)))


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def door(
    minutes: float,
    boarded: int,
    alighted: int,
    *,
    name: str = "1",
    mode: Mode = "delta",
    quality: Quality = Quality.REGULAR,
) -> DoorCount:
    event_id = f"{name}-{minutes}-{boarded}-{alighted}-{mode}"
    return DoorCount(event_id, TRAM, name, at(minutes), mode, Passed(boarded, alighted), quality)


def stop(minutes: float, boarded: int, alighted: int, *, doors: int = 4) -> list[DoorCount]:
    """The messages of all doors of a stop; persons are spread over the doors as evenly as they go."""
    return [
        door(
            minutes,
            boarded // doors + (n < boarded % doors),
            alighted // doors + (n < alighted % doors),
            name=str(n + 1),
        )
        for n in range(doors)
    ]


def empty(
    minutes: float, probability: float = 0.99, cause: EmptyCause = EmptyCause.TERMINAL
) -> KnownEmpty:
    return KnownEmpty(f"empty-{minutes}", TRAM, at(minutes), probability, cause)


def presence(minutes: float, *, wifi: int | None = None, ble: int | None = None) -> PresenceCount:
    return PresenceCount(f"presence-{minutes}", TRAM, at(minutes), wifi, ble, "1", 8)


def weighing(minutes: float, mass_kg: float) -> AxleLoad:
    return AxleLoad(f"axle-{minutes}", TRAM, at(minutes), mass_kg)

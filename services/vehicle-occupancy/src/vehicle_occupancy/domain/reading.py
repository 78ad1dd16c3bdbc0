# SPDX-License-Identifier: EUPL-1.2
"""What is said of a vehicle as it came: counts at doors, radio devices, axle load, trips, positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.reading import Mode, Quality

Identity = tuple[datetime, str]
"""Time and event id: what makes a repeated message the same one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What all inputs have; `corrects` is the id of one of the same time whose place it takes."""

    event_id: str
    vehicle_id: VehicleId
    observed_at: datetime
    simulated: bool = False
    corrects: str | None = None

    @property
    def identity(self) -> Identity:
        """Return what makes a repeated message the same one."""
        return self.observed_at, self.event_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorReading(Said):
    """Passengers in and out at a door, by object class; since the last message or since ever."""

    door: str
    mode: Mode
    counts: Mapping[str, tuple[int, int]]
    quality: Quality = Quality.REGULAR


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesReading(Said):
    """Radio devices around a sensor in the vehicle."""

    wifi: int | None = None
    ble: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AxleReading(Said):
    """What the axles carry, with the vehicle itself (`gross`) or its load alone."""

    mass_kg: float
    gross: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment(Said):
    """Which trip the vehicle serves, none where all is None; of no use after `valid_until`.

    Not `trip_known`: it names a trip that no timetable of the day has.
    """

    line: str | None = None
    direction: int | None = None
    trip_id: str | None = None
    start_date: str | None = None
    stop_id: str | None = None
    valid_until: datetime | None = None
    trip_known: bool = True

    @property
    def journey(self) -> tuple[str | None, int | None, str | None, str | None]:
        """Return what stays the same from a trip's first stop to its last."""
        return self.line, self.direction, self.trip_id, self.start_date

    def begins_another(self, before: Assignment) -> bool:
        """Tell whether a trip ended between; of unknown trips line and direction tell it alone."""
        if self.trip_known and before.trip_known:
            return self.journey != before.journey
        known = zip(self.journey[:2], before.journey[:2], strict=True)
        return any(now is not None and was is not None and now != was for now, was in known)

    def as_believed(self) -> Assignment:
        """Return what may be believed of it: without a trip that nobody knows."""
        return self if self.trip_known else replace(self, trip_id=None, start_date=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position(Said):
    """Where the vehicle is (WGS 84)."""

    lat: float
    lon: float
    speed_mps: float | None = None
    bearing_deg: float | None = None


SensorReading = DoorReading | DevicesReading | AxleReading
Input = SensorReading | Assignment | Position

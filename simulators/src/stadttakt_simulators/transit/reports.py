# SPDX-License-Identifier: EUPL-1.2
"""What a vehicle says, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stadttakt_simulators.transit.vehicles import Mode, Quality


@dataclass(frozen=True, slots=True)
class DoorReport:
    """Persons a door counted, since its last report or ever."""

    at: datetime
    vehicle_id: str
    door: str
    mode: Mode
    boarded: int
    alighted: int
    quality: Quality = "regular"


@dataclass(frozen=True, slots=True)
class AxleReport:
    """What the axles carry, with the vehicle itself."""

    at: datetime
    vehicle_id: str
    mass_kg: float


@dataclass(frozen=True, slots=True)
class PresenceReport:
    """Radio devices in reach."""

    at: datetime
    vehicle_id: str
    wifi: int
    ble: int


@dataclass(frozen=True, slots=True)
class PositionReport:
    """Where a vehicle is."""

    at: datetime
    vehicle_id: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class AssignmentReport:
    """Which trip a vehicle serves from now on; none when it goes home."""

    at: datetime
    vehicle_id: str
    line: str | None
    direction: int | None
    trip_id: str | None
    start_date: str | None
    stop_id: str | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class StopTruth:
    """Who really boarded and alighted at a call, and how many ride on."""

    at: datetime
    vehicle_id: str
    line: str
    direction: int
    trip_id: str
    start_date: str
    stop_id: str
    sequence: int
    boarded: int
    alighted: int
    load: int
    left_behind: int
    places: int
    record: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True)
class DoorTruth:
    """From now on a door counts by dice (`defect`, `sabotage`), or as it should again (`regular`)."""

    at: datetime
    vehicle_id: str
    door: str
    quality: Quality
    record: Literal["door"] = "door"


Report = DoorReport | PresenceReport | AxleReport | PositionReport | AssignmentReport
Truth = StopTruth | DoorTruth
Event = Report | Truth

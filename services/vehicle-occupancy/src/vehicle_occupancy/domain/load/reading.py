# SPDX-License-Identifier: EUPL-1.2
"""What a vehicle's sensors and its timetable say about its load, and in which order that is taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from stadttakt_messages.base import VehicleId

Mode = Literal["delta", "cumulative"]


class Quality(StrEnum):
    """What a counter says of itself, as VDV 301-2 has it."""

    REGULAR = "regular"
    DEFECT = "defect"
    SABOTAGE = "sabotage"
    OTHER = "other"

    @property
    def usable(self) -> bool:
        """Tell whether counts of this quality are counted."""
        return self not in (Quality.DEFECT, Quality.SABOTAGE)


class Passed(NamedTuple):
    """Persons who boarded and alighted."""

    boarded: int = 0
    alighted: int = 0

    @property
    def total(self) -> int:
        """Return how many passed in either direction."""
        return self.boarded + self.alighted


NOBODY = Passed()


@dataclass(frozen=True, slots=True)
class DoorCount:
    """A door's message: persons of all classes since the last message (delta) or ever (cumulative)."""

    event_id: str
    vehicle_id: VehicleId
    door: str
    observed_at: datetime
    mode: Mode
    counted: Passed
    quality: Quality = Quality.REGULAR
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class PresenceCount:
    """Radio devices in reach of a vehicle's sensor, with the line and local hour its calibration needs."""

    event_id: str
    vehicle_id: VehicleId
    observed_at: datetime
    wifi: int | None = None
    ble: int | None = None
    line: str | None = None
    hour: int = 12
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class AxleLoad:
    """The mass that a vehicle's axles carry, in kilograms, its own included."""

    event_id: str
    vehicle_id: VehicleId
    observed_at: datetime
    mass_kg: float
    simulated: bool = False


class EmptyCause(StrEnum):
    """Why a vehicle is thought to be empty."""

    TERMINAL = "terminal"
    DEPOT = "depot"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class KnownEmpty:
    """Nobody is in a vehicle between two trips, with a probability; who boards for the next comes after.

    `observed_at` is when the trip ended (or the vehicle came to the depot). What doors tell at the
    same halt is taken in its order of events: all alight, it is empty, others board.
    """

    event_id: str
    vehicle_id: VehicleId
    observed_at: datetime
    probability: float
    cause: EmptyCause = EmptyCause.TERMINAL
    simulated: bool = False


Reading = DoorCount | PresenceCount | AxleLoad | KnownEmpty
Key = tuple[datetime, int, int, str]


def key_of(reading: Reading) -> Key:
    """Return a reading's place: by time, doors before the rest, lower counters before higher ones."""
    match reading:
        case DoorCount():
            return reading.observed_at, 0, reading.counted.total, reading.event_id
        case KnownEmpty():
            return reading.observed_at, 1, 0, reading.event_id
        case _:
            return reading.observed_at, 2, 0, reading.event_id

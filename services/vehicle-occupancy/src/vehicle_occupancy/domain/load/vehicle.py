# SPDX-License-Identifier: EUPL-1.2
"""What is configured of a vehicle and its sensors, as far as its load depends on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from vehicle_occupancy.domain.presence import PresenceCalibration


@dataclass(frozen=True, slots=True)
class Door:
    """A door and how its counter errs before anything was learned of it.

    `miss_rate` is the share of persons it does not count in either direction, `share` the part of
    all passengers who use it (none: equal parts), `counter_bits` where its counters begin anew.
    """

    name: str
    miss_rate: float = 0.03
    share: float | None = None
    counter_bits: int | None = None
    max_per_min: float = 90.0


@dataclass(frozen=True, slots=True)
class Axles:
    """How a mass becomes persons: `tare_kg` of the empty vehicle, the mean person with luggage.

    75 kg is the usual design mass of a passenger with hand luggage; `person_sd_kg` is how much
    persons differ, `noise_kg` the standard deviation of one weighing.
    """

    tare_kg: float
    person_kg: float = 75.0
    person_sd_kg: float = 18.0
    noise_kg: float = 400.0
    scale_sd: float = 0.05


@dataclass(frozen=True, slots=True)
class VehicleRules:
    """A vehicle's places, doors and calibrations.

    `crush_factor` times all places is the most that fits in. A door that counts nobody while
    `silence_passengers` were to be expected at it, at `silence_stops` stops at least, is dead.
    Doors' messages less than `stop_gap` apart belong to one stop. What was not renewed for
    `stale_after` is no load any more, nor is what doors say `anchor_holds` after the vehicle was
    known to be empty. After a `rest` without a word it stood in the depot, empty with probability
    `rest_empty`. `turnover` is the standard deviation, as a share of all
    places, of how the load of a vehicle without living doors changes in a minute.
    """

    seats: int
    standing: int
    doors: tuple[Door, ...] = ()
    axles: Axles | None = None
    presence: PresenceCalibration = field(default_factory=PresenceCalibration)
    crush_factor: float = 1.5
    stop_gap: timedelta = timedelta(seconds=25)
    stale_after: timedelta = timedelta(minutes=15)
    anchor_holds: timedelta = timedelta(hours=3)
    rest: timedelta = timedelta(hours=2)
    rest_empty: float = 0.999
    silence_passengers: float = 25.0
    silence_stops: int = 8
    message_loss: float = 0.02
    turnover: float = 0.04

    @property
    def places(self) -> int:
        """Return seats and standing places."""
        return self.seats + self.standing

    @property
    def most(self) -> int:
        """Return the most persons who fit in."""
        return max(1, round(self.places * self.crush_factor))

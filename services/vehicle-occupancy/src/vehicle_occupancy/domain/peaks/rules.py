# SPDX-License-Identifier: EUPL-1.2
"""What a city calls comfortable, when it wants to hear of a peak, and what measures cost it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor


@dataclass(frozen=True, slots=True)
class Comfort:
    """The comfort limit: shares of the seats and of the standing places that may be taken."""

    seats: float = 1.0
    standing: float = 0.25

    def limit(self, seats: int, standing: int) -> int:
        """Return how many persons may be on board in comfort."""
        return floor(self.seats * seats + self.standing * standing + 1e-9)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a kilometre costs, in euros, and what a passenger's minute is taken to be worth."""

    vehicle_km_eur: float = 6.0
    longer_vehicle_km_eur: float = 1.5
    passenger_minute_eur: float = 0.15


@dataclass(frozen=True, slots=True)
class PeakRules:
    """From which probability on a peak is told, and what is assumed of passengers.

    `share_who_move` is an assumption: which part of those on board takes a neighbouring departure
    when told of the peak in time. Nothing here was measured.
    """

    comfort: Comfort = field(default_factory=Comfort)
    costs: Costs = field(default_factory=Costs)
    told_from: float = 0.3
    alert_from: float = 0.6
    capped_below: float = 0.15
    """a peak counts as capped, and a departure as having room, below this probability"""
    share_who_move: float = 0.1
    neighbours: int = 2
    longest_shift_min: int = 20
    most_retimed_min: int = 3
    longest_headway_min: int = 15
    """beyond it passengers know the timetable, and do not come evenly"""

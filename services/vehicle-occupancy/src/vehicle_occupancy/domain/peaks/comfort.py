# SPDX-License-Identifier: EUPL-1.2
"""The measure of success: which share of the passenger-kilometres is ridden above the limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ridden:
    """Passenger-kilometres: all, those in a vehicle above the limit, those of the persons above it.

    Sums over trips, days and lines add up.
    """

    passenger_km: float = 0.0
    above_km: float = 0.0
    excess_km: float = 0.0
    sections: int = 0
    counted: int = 0
    """of how many sections, and of how many of them the load is known"""
    place_km: float = 0.0
    """offered on the sections of which the load is known: seats and standing places"""

    def __add__(self, other: Ridden) -> Ridden:
        return Ridden(
            self.passenger_km + other.passenger_km,
            self.above_km + other.above_km,
            self.excess_km + other.excess_km,
            self.sections + other.sections,
            self.counted + other.counted,
            self.place_km + other.place_km,
        )

    @property
    def share_above(self) -> float | None:
        """Return the share ridden in vehicles above the limit; None where nobody was counted."""
        return self.above_km / self.passenger_km if self.passenger_km else None

    @property
    def completeness(self) -> float:
        """Return of which share of the sections the load is known."""
        return self.counted / self.sections if self.sections else 0.0


def ridden(loads: Iterable[tuple[float | None, float]], limit: int, *, places: int = 0) -> Ridden:
    """Return what a trip carried; loads come with the metres to the next stop."""
    total = Ridden()
    for load, way_m in loads:
        if load is None:
            total += Ridden(sections=1)
            continue
        km = way_m / 1000
        over = max(0.0, load - limit)
        total += Ridden(load * km, load * km if over else 0.0, over * km, 1, 1, places * km)
    return total

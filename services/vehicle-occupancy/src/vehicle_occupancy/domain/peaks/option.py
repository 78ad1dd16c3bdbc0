# SPDX-License-Identifier: EUPL-1.2
"""One thing that could be done about a peak, with what it is expected to change and to cost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vehicle_occupancy.domain.forecast.distribution import chance_above, excess_above
from vehicle_occupancy.domain.forecast.series import Floats


class OptionKind(StrEnum):
    """What could be done."""

    SHIFT = "shift"
    LENGTHEN = "lengthen"
    INSERT = "insert"
    RETIME = "retime"


@dataclass(frozen=True, slots=True)
class Effect:
    """The peak's probability and expected excess without and with the measure.

    `other_probability` is the probability that another departure is too full because of it.
    """

    probability: float
    probability_after: float
    excess: float
    excess_after: float
    other_probability: float | None = None

    @property
    def caps(self) -> float:
        """Return by what share the expected excess falls."""
        return 1 - self.excess_after / self.excess if self.excess else 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What it costs the operator, and passengers in minutes; an estimate from configured rates."""

    eur: float
    passenger_minutes: float


@dataclass(frozen=True, slots=True)
class Option:
    """A measure; `trip_id` is the other departure concerned, none where there is none."""

    kind: OptionKind
    trip_id: str | None
    passengers: int
    """how many would have to move, or would ride in the other vehicle"""
    effect: Effect
    cost: Cost
    minutes: float | None = None
    """by how much a departure is moved: negative is earlier"""
    vehicle_capacity: int | None = None
    """how many the longer vehicle must carry at least"""
    assumed_movers: int | None = None
    """how many are taken to move when told, by the configured share"""
    limit_after: int | None = None
    """the comfort limit of the longer vehicle"""

    @property
    def lacks_vehicle(self) -> bool:
        """Return whether it needs a vehicle of which none is known."""
        return self.trip_id is None and self.kind in {OptionKind.LENGTHEN, OptionKind.INSERT}


def effect_on(before: Floats, after: Floats, limit: int, limit_after: int | None = None) -> Effect:
    """Return what changes at the fullest stop of a section, quantiles before and after."""
    limit_after = limit if limit_after is None else limit_after
    return Effect(
        probability=float(chance_above(before, limit).max()),
        probability_after=float(chance_above(after, limit_after).max()),
        excess=float(excess_above(before, limit).max()),
        excess_after=float(excess_above(after, limit_after).max()),
    )

# SPDX-License-Identifier: EUPL-1.2
"""What is remembered of a vehicle between two positions; small, so that it can be stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from vehicle_occupancy.domain.geometry import Place


class TripKey(NamedTuple):
    """A trip of a service day, which is told as `start_date` of GTFS (YYYYMMDD)."""

    start_date: str
    trip_id: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a vehicle was at a time; `bearing_deg` only where it was moving."""

    at: datetime
    place: Place
    bearing_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trip the vehicle may be on: `score` is a log likelihood, `along_m` how far it has come.

    `delay_s` is how much later than planned it is there, negative if earlier.
    """

    trip: TripKey
    score: float
    along_m: float
    delay_s: float


@dataclass(frozen=True, slots=True)
class MatchState:
    """What the positions up to `at` say; `nothing` is the score of being on no trip at all."""

    at: datetime
    place: Place
    candidates: tuple[Candidate, ...] = ()
    nothing: float = 0.0
    told: TripKey | None = None
    probability: float = 0.0

    @property
    def candidate(self) -> Candidate | None:
        """Return the candidate that is told."""
        return next((each for each in self.candidates if each.trip == self.told), None)

# SPDX-License-Identifier: EUPL-1.2
"""What could be done about a peak, the most effective for its cost first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vehicle_occupancy.domain.peaks.day import PlannedDay
from vehicle_occupancy.domain.peaks.headways import inserts, retimes
from vehicle_occupancy.domain.peaks.lengthening import lengthenings
from vehicle_occupancy.domain.peaks.option import Option
from vehicle_occupancy.domain.peaks.peak import Peak
from vehicle_occupancy.domain.peaks.rules import PeakRules
from vehicle_occupancy.domain.peaks.shifting import shifts


@dataclass(frozen=True, slots=True)
class Advice:
    """A peak with what could be done about it."""

    peak: Peak
    options: Sequence[Option]


def advise(peak: Peak, day: PlannedDay, rules: PeakRules) -> Advice:
    """Return what can still be done about a peak of a day, nothing where it is not known of all of its section.

    The day must hold its trip. What is not known of another trip is not taken for room in it.
    """
    trip = day.trips[peak.trip_id]
    peak = replace(peak, at_s=trip.departures_s[peak.first])  # later than planned, where it is late
    if np.isnan(trip.quantiles[peak.first : peak.last + 1]).any():
        return Advice(peak, ())
    options = [
        *shifts(peak, day, rules),
        *retimes(peak, day, rules),
        *lengthenings(peak, day, rules),
        *inserts(peak, day, rules),
    ]
    return Advice(peak, sorted(options, key=lambda option: _rank(option, rules)))


def _rank(option: Option, rules: PeakRules) -> tuple[bool, bool, float]:
    """Order by whether it can be done, then whether it caps, then euros per share of excess that it takes."""
    caps = option.effect.probability_after < rules.capped_below
    minutes_eur = option.cost.passenger_minutes * rules.costs.passenger_minute_eur
    dear = (option.cost.eur + minutes_eur + 1) / max(option.effect.caps, 0.01)
    return option.lacks_vehicle, not caps, dear

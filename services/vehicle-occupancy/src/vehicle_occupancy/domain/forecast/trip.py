# SPDX-License-Identifier: EUPL-1.2
"""The forecast of one trip, stop by stop, as it is kept and told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from vehicle_occupancy.domain.forecast.distribution import P10, P50, P90, chance_above
from vehicle_occupancy.domain.forecast.levels import chances
from vehicle_occupancy.domain.forecast.series import Floats


@dataclass(frozen=True, slots=True)
class Places:
    """What the vehicle of a trip holds, and from how many persons on its levels begin."""

    seats: int
    standing: int
    medium_from: int
    high_from: int


@dataclass(frozen=True, slots=True)
class TripForecast:
    """What is expected of a trip when it leaves each of its stops but the last.

    `departures_s` counts seconds of the service day; `to_next_m` is the way to the next stop.
    """

    day: date
    trip_id: str
    line: str
    direction: int
    stop_ids: tuple[str, ...]
    departures_s: tuple[int, ...]
    to_next_m: tuple[float, ...]
    quantiles: Floats
    """[stop, kept]: persons on board"""
    places: Places
    last_stop_id: str
    block_id: str | None = None
    mode: int = 3
    simulated: bool = False

    @property
    def load(self) -> Floats:
        """Return the median per stop."""
        return self.quantiles[:, P50]

    @property
    def interval(self) -> tuple[Floats, Floats]:
        """Return between what loads are expected to lie in 80 of 100 cases."""
        return self.quantiles[:, P10], self.quantiles[:, P90]

    def tells_of(self, index: int) -> bool:
        """Return whether anything is known of a stop."""
        return not bool(np.isnan(self.quantiles[index, P50]))

    def next_stop(self, index: int) -> str:
        """Return where it goes from a stop."""
        return self.stop_ids[index + 1] if index + 1 < len(self.stop_ids) else self.last_stop_id

    def level_chances(self, quantiles: Floats) -> Floats:
        """Return `[stop, level]`: how probable each level is where so many are expected."""
        places = self.places
        return chances(
            chance_above(quantiles, places.medium_from - 1),
            chance_above(quantiles, places.high_from - 1),
        )

    def with_quantiles(self, quantiles: Floats) -> TripForecast:
        """Return the same trip with another expectation."""
        return replace(self, quantiles=quantiles)

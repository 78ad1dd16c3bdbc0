# SPDX-License-Identifier: EUPL-1.2
"""How full a line usually is, half an hour by half an hour, from the loads of comparable days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from vehicle_occupancy.domain.forecast.past import TripLoad

HALF_AN_HOUR = 30


@dataclass(frozen=True, slots=True)
class Moment:
    """The fullest moments of the trips of a direction that begin in half an hour."""

    direction: int
    begin_min: int
    mean: float
    p90: float
    level: int
    departures: int


def profile(
    loads: Iterable[TripLoad], borders: Mapping[int, tuple[int, int]], *, least_trips: int
) -> list[Moment]:
    """Return a line's profile; `borders` says by direction where the levels begin.

    Of fewer than `least_trips` trips nothing is said: a handful is no custom, and might be somebody.
    """
    fullest: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    for load in loads:
        known = [each for each in load.loads if each is not None]
        if known:
            begin_min = load.departures_s[0] // 60 // HALF_AN_HOUR * HALF_AN_HOUR
            fullest[load.direction, begin_min].append(max(known))
    return [
        Moment(
            direction,
            begin_min,
            float(np.mean(values)),
            float(np.quantile(values, 0.9)),
            _level(float(np.mean(values)), borders[direction]),
            len(values),
        )
        for (direction, begin_min), values in sorted(fullest.items())
        if len(values) >= least_trips and direction in borders
    ]


def _level(load: float, borders: tuple[int, int]) -> int:
    medium, high = borders
    return (load >= medium) + (load >= high)

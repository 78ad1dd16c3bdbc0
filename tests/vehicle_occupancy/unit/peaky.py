# SPDX-License-Identifier: EUPL-1.2
"""A made-up morning of one line: trips every ten minutes, one of them too full."""

from __future__ import annotations

from datetime import date
from statistics import NormalDist

import numpy as np

from vehicle_occupancy.domain.forecast.distribution import KEPT
from vehicle_occupancy.domain.forecast.trip import Places, TripForecast

DAY = date(2026, 11, 24)
SEVEN = 7 * 3600
NIGHT = 2 * 3600
"""Before the first trip."""
TRAM = Places(seats=60, standing=80, medium_from=30, high_from=54)
LONG_TRAM = Places(seats=100, standing=140, medium_from=50, high_from=90)
STOPS = ("a", "b", "c", "d")


def spread(mean: float, deviation: float) -> list[float]:
    return [max(0.0, NormalDist(mean, deviation).inv_cdf(float(share))) for share in KEPT]


def trip(
    trip_id: str, begin_s: int, loads: tuple[float, ...], *, deviation: float = 8,
    places: Places = TRAM, block: str | None = None, direction: int = 0,
) -> TripForecast:  # fmt: skip
    stops = STOPS if direction == 0 else STOPS[::-1]
    return TripForecast(
        day=DAY,
        trip_id=trip_id,
        line="5",
        direction=direction,
        stop_ids=stops[:3],
        departures_s=tuple(begin_s + 180 * stop for stop in range(3)),
        to_next_m=(1000.0, 800.0, 1200.0),
        quantiles=np.array([spread(load, deviation) for load in loads], np.float32),
        places=places,
        last_stop_id=stops[3],
        block_id=block,
        mode=0,
    )


def morning() -> list[TripForecast]:
    """The limit of a tram is 80 (60 seats and a quarter of 80)."""
    return [
        trip("early", SEVEN - 600, (20, 40, 30), block="1"),
        trip("full", SEVEN, (50, 95, 60), block="2"),
        trip("late", SEVEN + 600, (20, 30, 20), block="3"),
        trip("long", SEVEN + 60, (20, 30, 20), places=LONG_TRAM, block="4", direction=1),
        trip("back", SEVEN + 3600, (20, 30, 20), block="2", direction=1),
    ]

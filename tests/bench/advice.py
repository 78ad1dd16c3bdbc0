# SPDX-License-Identifier: EUPL-1.2
"""Advice for a large city's day: all peaks of 1,000 vehicles, one answer, one core.

1,000 vehicles of 18 trips over 40 stops each; `VEHICLES=120` asks for less.
"""

from __future__ import annotations

import os
import time
from datetime import date
from statistics import NormalDist

import numpy as np
from rich.table import Table

from vehicle_occupancy.domain.forecast.distribution import KEPT
from vehicle_occupancy.domain.forecast.trip import Places, TripForecast
from vehicle_occupancy.domain.peaks.advice import advise
from vehicle_occupancy.domain.peaks.day import planned_day
from vehicle_occupancy.domain.peaks.peak import find_peaks
from vehicle_occupancy.domain.peaks.rules import PeakRules

VEHICLES = int(os.environ.get("VEHICLES", "1000"))
TRIPS, STOPS, LINES = 18, 40, 100
KINDS = (
    Places(seats=40, standing=60, medium_from=20, high_from=45),
    Places(seats=60, standing=80, medium_from=30, high_from=60),
    Places(seats=100, standing=140, medium_from=50, high_from=100),
)
SPREAD = np.array([NormalDist().inv_cdf(float(share)) for share in KEPT])


def measure() -> Table:
    """Advise on every peak of a day as one answer does, and return what it took."""
    rules, trips = PeakRules(), made_up(VEHICLES)
    peaks = find_peaks(trips, rules)
    title = f"Advice, {VEHICLES:,} vehicles, {TRIPS} trips of {STOPS} stops each, one core"
    table = Table("", "peaks", "all, ms", "per peak, ms", title=title)
    for what, asked in (("the first peak alone", peaks[:1]), ("all peaks of the day", peaks)):
        began = time.perf_counter()
        day = planned_day(trips, 0)
        for peak in asked:
            advise(peak, day, rules)
        took_ms = (time.perf_counter() - began) * 1000
        each_ms = took_ms / max(len(asked), 1)
        table.add_row(what, f"{len(asked):,}", f"{took_ms:,.0f}", f"{each_ms:,.2f}")
    return table


def made_up(vehicles: int) -> list[TripForecast]:
    """Return a day with a busy morning on which a few trips are too full."""
    dice = np.random.default_rng(7)
    return [_trip(vehicle, number, dice) for vehicle in range(vehicles) for number in range(TRIPS)]


def _trip(vehicle: int, number: int, dice: np.random.Generator) -> TripForecast:
    line, direction = vehicle % LINES, number % 2
    begin_s = 18000 + 3600 * number + vehicle // LINES * 360
    stops = [f"{line}-{stop}" for stop in range(STOPS + 1)][:: 1 if direction == 0 else -1]
    busy = 10 + 45 * np.exp(-(((begin_s / 60 - 460) / 70) ** 2)) * dice.lognormal(0, 0.3)
    mean = busy * np.sin(np.linspace(0.2, 3, STOPS))
    quantiles = np.maximum(mean[:, None] + np.sqrt(mean)[:, None] * SPREAD, 0)
    return TripForecast(
        day=date(2026, 9, 1),
        trip_id=f"{vehicle}-{number}",
        line=str(line),
        direction=direction,
        stop_ids=tuple(stops[:STOPS]),
        departures_s=tuple(begin_s + 80 * stop for stop in range(STOPS)),
        to_next_m=(400.0,) * STOPS,
        quantiles=quantiles.astype(np.float32),
        places=KINDS[vehicle % len(KINDS)],
        last_stop_id=stops[STOPS],
        block_id=str(vehicle),
    )

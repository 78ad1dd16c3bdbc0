# SPDX-License-Identifier: EUPL-1.2
"""A made-up line with a timetable, and four weeks of counted loads, with one trip that is too full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from math import exp
from typing import Any

import numpy as np

from stadttakt_runtime.clock import utc_now
from support.gtfs import FILES
from vehicle_occupancy.domain.forecast.past import Holds, TripLoad
from vehicle_occupancy.domain.service_day import ServiceDay

LINE, STOPS = "7", ("a", "b", "c", "d")
TRAM = Holds(60, 90)
LIMIT = 82
EVERY_MIN = 10
BEGINS = range(5 * 60, 23 * 60, EVERY_MIN)
WAYS = (1000.0, 1500.0, 800.0)
SHARES = (0.6, 1.0, 0.4)


def feed() -> dict[str, str]:
    """Trips every ten minutes on every day, there and back."""
    trips = ["route_id,service_id,trip_id,trip_headsign,direction_id,block_id"]
    times = ["trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled"]
    for begin in BEGINS:
        trip_id = f"out-{begin}"
        trips.append(f"r7,all,{trip_id},Dom,0,B{begin % 60}")
        for index, stop in enumerate(STOPS):
            minute = begin + 4 * index
            at = f"{minute // 60:02}:{minute % 60:02}:00"
            times.append(f"{trip_id},{at},{at},{stop},{index + 1},{sum(WAYS[:index]) / 1000}")
    return {
        **FILES,
        "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n"
        + "".join(f"{stop},{stop.upper()},51.48,{11.9 + n / 50}\n" for n, stop in enumerate(STOPS)),
        "calendar.txt": (
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,"
            "end_date\nall,1,1,1,1,1,1,1,20260101,20991231\n"
        ),
        "calendar_dates.txt": "service_id,date,exception_type\n",
        "trips.txt": "\n".join(trips) + "\n",
        "stop_times.txt": "\n".join(times) + "\n",
    }


def usual(begin: int, index: int) -> float:
    """How many are on board: the most at half past seven, when leaving the second stop."""
    return (12 + 90 * exp(-(((begin - 450) / 8) ** 2))) * SHARES[index]


def loads(first: date, days: int, *, seed: int = 3, only: int | None = None) -> Iterator[TripLoad]:
    dice = np.random.default_rng(seed)
    for n in range(days):
        of_day = dice.normal(1, 0.05)
        for begin in BEGINS if only is None else (only,):
            # who rides stays on board: the stops of a trip differ by its shares alone
            riders = dice.poisson(usual(begin, 1) * of_day * exp(dice.normal(0, 0.1)))
            yield load(
                first + timedelta(days=n),
                begin,
                [float(dice.binomial(riders, share)) for share in SHARES],
            )


def load(day: date, begin: int, counted: list[float | None]) -> TripLoad:
    return TripLoad(
        day=day,
        trip_id=f"out-{begin}",
        line=LINE,
        direction=0,
        stop_ids=STOPS[:3],
        departures_s=tuple(60 * (begin + 4 * index) for index in range(3)),
        to_next_m=WAYS,
        last_stop_id=STOPS[3],
        loads=tuple(counted),
        vehicle_id="tram-1",
        holds=TRAM,
    )


def visit_rows(
    day: ServiceDay,
    begin: int,
    stops: Iterable[tuple[str, int, int | None]],
    *,
    late_min: int = 0,
) -> list[tuple[Any, ...]]:
    """A trip's stops as they were counted: vehicle, which stop, load on departure."""
    begun = begin + late_min
    return [
        (
            day.name, f"out-{begin}", vehicle, index, 1, LINE, 0, "abc"[index],
            day.at(60 * (begun + 4 * index)), day.at(60 * (begun + 4 * index) + 20), None, None,
            load, load, load, None, None, "NO_DATA_AVAILABLE", None, 150, None, False,
            "planned", "assignment", False, utc_now(), None, None, None,
        )
        for vehicle, index, load in stops
    ]  # fmt: skip

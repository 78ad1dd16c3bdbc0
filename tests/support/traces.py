# SPDX-License-Identifier: EUPL-1.2
"""Vehicles driven along a timetable by dice, with positions that err, and what was true of each."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from vehicle_occupancy.domain.along import distances_along
from vehicle_occupancy.domain.geometry import Place
from vehicle_occupancy.domain.matching import Fix, TripKey
from vehicle_occupancy.domain.timetable import DayTimetable, Trip

METRES = 1 / 111_195


@dataclass(frozen=True, slots=True)
class Errors:
    """How positions and vehicles err."""

    noise_m: float = 15.0
    wild: float = 0.01
    every_s: float = 15.0
    lost: float = 0.05
    gap: float = 0.004
    mean_delay_s: float = 90.0
    very_late: float = 0.05


@dataclass(frozen=True, slots=True)
class Seen:
    """A position and the trip it was on; None while the vehicle waits between two."""

    fix: Fix
    trip: TripKey | None


def chains(day: DayTimetable, count: int, seed: int, *, longest: int = 6) -> list[list[Trip]]:
    """Trips that one vehicle could drive one after the other, each once, some chains of them."""
    dice, left = random.Random(seed), dict(day.trips)
    found: list[list[Trip]] = []
    while left and len(found) < count:
        trip: Trip | None = left.pop(dice.choice(sorted(left)))
        chain: list[Trip] = []
        while trip is not None and len(chain) < longest:
            chain.append(trip)
            left.pop(trip.trip_id, None)
            trip = _next(day, trip, list(left.values()))
        found.append(chain)
    return found


def _next(day: DayTimetable, trip: Trip, left: Sequence[Trip]) -> Trip | None:
    if trip.block_id is not None:
        return day.next_of_block(trip)
    name = day.stops[trip.stop_times[-1].stop_id].name
    later = [
        each
        for each in left
        if each.line == trip.line
        and 120 <= each.begin_s - trip.end_s <= 1500
        and day.stops[each.stop_times[0].stop_id].name == name
    ]
    return min(later, key=lambda each: (each.begin_s, each.trip_id), default=None)


def driven(day: DayTimetable, chain: Sequence[Trip], errors: Errors, seed: int) -> Iterator[Seen]:
    """Give a vehicle's positions while it drives a chain."""
    dice = random.Random(seed)
    free_s = 0.0
    for trip in chain:
        profile = _profile(day, trip, free_s, errors, dice)
        waits_from = max(free_s, trip.begin_s - 300)
        yield from _seen(day, trip, profile, waits_from, errors, dice)
        free_s = profile[-1][0]


def _profile(
    day: DayTimetable, trip: Trip, free_s: float, errors: Errors, dice: random.Random
) -> list[tuple[float, float]]:
    """Times and distances along the way: when it arrives at and leaves each stop."""
    pattern = day.patterns[trip.pattern_id]
    along = distances_along(pattern.way, [day.stops[each].place for each in pattern.stop_ids])
    late = dice.expovariate(1 / errors.mean_delay_s) * (
        4 if dice.random() < errors.very_late else 1
    )
    time = max(trip.begin_s + min(late, 900) * 0.5, free_s + 60)
    found = [(time, along[0])]
    for index, (one, other) in enumerate(pairwise(trip.stop_times), 1):
        planned = max(20, other.arrival_s - one.departure_s)
        behind = time - one.departure_s
        # Late vehicles hurry a little, all are held up now and then.
        ride = planned * dice.uniform(0.65, 0.95) - min(max(behind, 0) / 4, 0.15 * planned)
        time += max(ride, planned * 0.5) + (dice.expovariate(1 / 40) if dice.random() < 0.1 else 0)
        found.append((time, along[index]))
        if index < len(trip.stop_times) - 1:
            time = max(time + dice.uniform(8, 20), other.departure_s - dice.uniform(0, 30))
            found.append((time, along[index]))
    return found


def _seen(
    day: DayTimetable,
    trip: Trip,
    profile: Sequence[tuple[float, float]],
    since: float,
    errors: Errors,
    dice: random.Random,
) -> Iterator[Seen]:
    way = day.patterns[trip.pattern_id].way
    time, silent_until = since, 0.0
    while time < profile[-1][0]:
        place = way.at(_along(profile, time))
        if dice.random() < errors.gap:
            silent_until = time + dice.uniform(60, 300)
        if time >= silent_until and dice.random() >= errors.lost:
            noise = errors.noise_m * (12 if dice.random() < errors.wild else 1)
            fix = Fix(day.at(0) + timedelta(seconds=time), _moved(place, noise, dice))
            on_trip = time >= profile[0][0]
            yield Seen(fix, TripKey(day.service_day.name, trip.trip_id) if on_trip else None)
        time += errors.every_s * dice.uniform(0.8, 1.2)


def _along(profile: Sequence[tuple[float, float]], time: float) -> float:
    for (one_s, one_m), (other_s, other_m) in pairwise(profile):
        if one_s <= time < other_s:
            return one_m + (other_m - one_m) * (time - one_s) / (other_s - one_s)
    return profile[0][1] if time < profile[0][0] else profile[-1][1]


def _moved(place: Place, noise_m: float, dice: random.Random) -> Place:
    return Place(
        place.lat + dice.gauss(0, noise_m) * METRES,
        place.lon + dice.gauss(0, noise_m) * METRES * 1.5,
    )

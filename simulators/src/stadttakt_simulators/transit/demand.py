# SPDX-License-Identifier: EUPL-1.2
"""Who wants to ride from where to where and when: flows by gravity between homes and places of work. Pure.

Stops have a size and a share of homes, drawn once by seed. Passengers leave homes in the morning
and places of work in the afternoon; schools begin and end in a quarter of an hour. Shapes and
numbers are plausible, not measured; how days differ is (`day_effects`).
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stadttakt_simulators.transit.day_effects import DayEffects
from stadttakt_simulators.transit.timetable import Timetable, Trip

_HOME_LEAVES = "1 0 0 1 5 22 62 100 72 40 30 28 30 34 36 34 32 30 28 24 18 12 7 3"
_WORK_LEAVES = "6 3 1 0 1 4 8 14 16 18 24 34 46 56 66 92 100 88 62 44 34 26 22 14"
_SUNDAY = "5 3 2 1 1 2 5 8 14 24 32 38 40 44 48 50 48 46 40 32 24 18 12 8"
_SCHOOL_STARTS_S, _SCHOOL_ENDS_S = 7 * 3600 + 35 * 60, 13 * 3600 + 35 * 60
_RIDE_LENGTH = 6.0
"""Stops after which a ride is as likely to be over as to go on, about."""

_USUAL_HEADWAY_S = 900

_MOOD_SHAPE = 30.0
"""How little trips differ from what is usual on their day: by 18 %.

At Hardbrücke quarters of an hour with three or four departures differ by 5 to 12 % beyond chance.
"""


@dataclass(frozen=True, slots=True)
class Stop:
    """How many use a stop, which part of that is homes, and whether there is a school."""

    size: float
    homes: float
    school: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """So many want to board at a call of a trip, each for a later call."""

    destinations: tuple[int, ...]


class Demand:
    """The wishes of one day; the same seed and day give the same ones."""

    def __init__(
        self,
        timetable: Timetable,
        *,
        seed: int,
        passengers_per_trip: float,
        school_holiday: bool = False,
    ) -> None:
        self._seed = seed
        self._day = timetable.day
        self._effects = DayEffects(seed, timetable.day, school_holiday=school_holiday)
        self._sunday = timetable.day.weekday() == 6
        self._school = timetable.day.weekday() < 5 and not school_holiday
        self._part = (0.55, 0.7)[timetable.day.weekday() == 5] if timetable.day.weekday() > 4 else 1
        calls = Counter(call.stop_id for trip in timetable.trips for call in trip.calls)
        most = max(calls.values(), default=1)
        self._stops = {
            stop_id: _stop(stop_id, number / most, seed) for stop_id, number in calls.items()
        }
        self._headways = _headways(timetable.trips)
        self._mean = passengers_per_trip / max(self._busiest(timetable.trips), 1e-9)

    def of_trip(self, trip: Trip) -> tuple[Wish, ...]:
        """This function draws who waits at each call of a trip."""
        rng = random.Random(f"{self._seed}/{self._day}/{trip.trip_id}")
        # Some trips are fuller than others for no reason that a timetable knows.
        mood = rng.gammavariate(_MOOD_SHAPE, 1 / _MOOD_SHAPE)
        wishes = []
        for index, (expected, pulls) in enumerate(self.expected(trip)):
            number = _poisson(mood * expected, rng)
            ahead = rng.choices(range(index + 1, len(trip.calls)), pulls, k=number)
            wishes.append(Wish(tuple(ahead)))
        return (*wishes, Wish(()))

    def expected(self, trip: Trip) -> Iterator[tuple[float, list[float]]]:
        """This function yields how many are to board at each call on this day, and how each later one pulls.

        Nobody can know more of a trip beforehand: what is left is its mood, and chance.
        """
        factor = self._mean * self._part * self._effects.at(trip.line, trip.begins_s)
        for number, pulls in self._expected(trip):
            yield factor * number, pulls

    def _expected(self, trip: Trip) -> Iterator[tuple[float, list[float]]]:
        """This function yields how many board at each call, and how each later one pulls."""
        headway = min(max(self._headways[trip.trip_id] / _USUAL_HEADWAY_S, 0.4), 2.0)
        for index, call in enumerate(trip.calls[:-1]):
            pulls = [
                self._pull(later.stop_id, call.departure_s) * math.exp(-(ahead / _RIDE_LENGTH))
                for ahead, later in enumerate(trip.calls[index + 1 :])
            ]
            push = self._push(call.stop_id, call.departure_s)
            yield headway * push * sum(pulls), pulls

    def _busiest(self, trips: Sequence[Trip]) -> float:
        """This function returns what is expected of the mean trip in the busiest hour."""
        hours: dict[int, list[float]] = {}
        for trip in trips:
            expected = sum(number for number, _ in self._expected(trip))
            hours.setdefault(trip.begins_s // 3600, []).append(expected)
        return max((sum(each) / len(each) for each in hours.values()), default=0.0)

    def _push(self, stop_id: str, seconds: int) -> float:
        stop = self._stops[stop_id]
        leaving = stop.homes * self._homes(seconds) + (1 - stop.homes) * self._works(seconds)
        after_school = _bell(seconds, _SCHOOL_ENDS_S) if stop.school and self._school else 0.0
        return stop.size * (leaving + 1.5 * after_school)

    def _pull(self, stop_id: str, seconds: int) -> float:
        stop = self._stops[stop_id]
        going = stop.homes * self._works(seconds) + (1 - stop.homes) * self._homes(seconds)
        to_school = _bell(seconds, _SCHOOL_STARTS_S - 900) if stop.school and self._school else 0.0
        return stop.size * (0.2 + going + 1.5 * to_school)

    def _homes(self, seconds: int) -> float:
        return _hourly(_SUNDAY if self._sunday else _HOME_LEAVES, seconds)

    def _works(self, seconds: int) -> float:
        return _hourly(_SUNDAY if self._sunday else _WORK_LEAVES, seconds)


def _stop(stop_id: str, use: float, seed: int) -> Stop:
    rng = random.Random(f"{seed}/stop/{stop_id}")
    # Where many lines meet, fewer people live.
    homes = min(max(rng.betavariate(4, 2) * (1.2 - use), 0.05), 0.95)
    return Stop(rng.lognormvariate(0, 0.35) * (0.5 + use), homes, rng.random() < 0.15)


def _headways(trips: Sequence[Trip]) -> dict[str, float]:
    """This function returns how long after the trip before it each trip of a line runs."""
    last: dict[tuple[str, int, str], int] = {}
    headways: dict[str, float] = {}
    for trip in trips:
        place = (trip.line, trip.direction, trip.calls[0].stop_id)
        headways[trip.trip_id] = trip.begins_s - last.get(place, trip.begins_s - _USUAL_HEADWAY_S)
        last[place] = trip.begins_s
    return headways


def _hourly(weights: str, seconds: int) -> float:
    hours = _PARSED[weights]
    position = (seconds / 3600 - 0.5) % 24
    low, share = int(position), position % 1
    return hours[low] * (1 - share) + hours[(low + 1) % 24] * share


_PARSED = {
    text: tuple(int(weight) / 100 for weight in text.split())
    for text in (_HOME_LEAVES, _WORK_LEAVES, _SUNDAY)
}


def _bell(seconds: int, centre: int) -> float:
    return math.exp(-(((seconds - centre) / 600) ** 2))


def _poisson(mean: float, rng: random.Random) -> int:
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, number = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        number += 1
    return number

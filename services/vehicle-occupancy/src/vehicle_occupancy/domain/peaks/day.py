# SPDX-License-Identifier: EUPL-1.2
"""A day's forecasts as advice needs them: who follows whom, and what a vehicle drives."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, pairwise
from math import isnan

import numpy as np

from vehicle_occupancy.domain.forecast.distribution import chance_above
from vehicle_occupancy.domain.forecast.series import Floats
from vehicle_occupancy.domain.forecast.trip import TripForecast
from vehicle_occupancy.domain.peaks.peak import Peak


@dataclass(frozen=True, slots=True)
class Call:
    """A trip at one of its stops, by its place among them."""

    trip: TripForecast
    index: int

    @property
    def at_s(self) -> int:
        """Return when it leaves."""
        return self.trip.departures_s[self.index]

    def goes(self, way: tuple[str, ...]) -> bool:
        """Return whether it goes on by these stops and no others."""
        stops = (*self.trip.stop_ids, self.trip.last_stop_id)
        return stops[self.index : self.index + len(way)] == way

    def over(self, count: int) -> Floats:
        """Return what is expected when it leaves this stop and those after it, so many in all."""
        section: Floats = self.trip.quantiles[self.index : self.index + count]
        return section


@dataclass(frozen=True)
class PlannedDay:
    """All trips of a service day that are forecast; what peaks ask of it again is worked out once.

    `now_s` is when it is asked, in seconds of the service day: negative before it. Departures of
    trips under way are those to be expected by then.
    """

    trips: Mapping[str, TripForecast]
    now_s: float
    _known_calls: dict[tuple[str, int, str], Sequence[Call]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _known_chances: dict[tuple[str, int], float] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def _by_line(self) -> Mapping[tuple[str, int], Sequence[TripForecast]]:
        found: defaultdict[tuple[str, int], list[TripForecast]] = defaultdict(list)
        for trip in self.trips.values():
            found[trip.line, trip.direction].append(trip)
        return found

    def _calls(self, line: str, direction: int, stop_id: str) -> Sequence[Call]:
        key = (line, direction, stop_id)
        if key not in self._known_calls:
            calls = [
                Call(trip, index)
                for trip in self._by_line[line, direction]
                for index, each in enumerate(trip.stop_ids)
                if each == stop_id
            ]
            self._known_calls[key] = sorted(calls, key=_in_order)
        return self._known_calls[key]

    @cached_property
    def _blocks(self) -> Mapping[str, Sequence[TripForecast]]:
        found: defaultdict[str, list[TripForecast]] = defaultdict(list)
        for trip in self.trips.values():
            if trip.block_id is not None:
                found[trip.block_id].append(trip)
        return {
            block: sorted(trips, key=lambda trip: trip.departures_s[0])
            for block, trips in found.items()
        }

    def around(self, peak: Peak, count: int) -> tuple[list[Call], list[Call]]:
        """Return up to `count` departures before and after a peak's, the nearest first.

        They serve all of its section: who turns back before its end, or goes another way, takes
        nobody of it along.
        """
        trip = self.trips[peak.trip_id]
        way = (*trip.stop_ids[peak.first : peak.last + 1], peak.to_stop)
        calls = self._calls(trip.line, trip.direction, peak.from_stop)
        place = bisect_left(calls, (peak.at_s, peak.trip_id), key=_in_order)

        def nearest(these: Iterable[Call]) -> list[Call]:
            able = (call for call in these if call.trip is not trip and call.goes(way))
            return list(islice(able, count))

        return nearest(reversed(calls[:place])), nearest(calls[place:])

    def block(self, trip: TripForecast) -> Sequence[TripForecast]:
        """Return what the vehicle of a trip that has not begun still drives; the trip alone if nobody knows."""
        return self.blocks[trip.block_id] if trip.block_id is not None else (trip,)

    @cached_property
    def blocks(self) -> Mapping[str, Sequence[TripForecast]]:
        """Return of each block that goes on the trips that have not begun, in order."""
        coming = (
            (block, [trip for trip in trips if trip.departures_s[0] > self.now_s])
            for block, trips in self._blocks.items()
        )
        return {block: trips for block, trips in coming if trips}

    @cached_property
    def _under_way(self) -> Mapping[str, int]:
        """Per block that has begun when its last trip that has leaves its last stop but one."""
        return {
            block: max(begun)
            for block, trips in self._blocks.items()
            if (begun := [t.departures_s[-1] for t in trips if t.departures_s[0] <= self.now_s])
        }

    def is_free(self, block_id: str, at_s: int) -> bool:
        """Return whether the vehicle of a block ends the trip that it is on before a time."""
        return self._under_way.get(block_id, at_s - 1) < at_s

    @cached_property
    def _fullest(self) -> Mapping[str, Sequence[float]]:
        """Per block the highest quantile of each trip; NaN of one of which not all is known."""
        return {
            block: [float(trip.quantiles[:, -1].max()) for trip in trips]
            for block, trips in self.blocks.items()
        }

    def chance_above(self, block_id: str, limit: int) -> float:
        """Return how probably any trip that a block still drives has more than so many on board, at most.

        Trips that hardly ever come near the limit do not count. NaN where of a stop nothing is known.
        """
        key = (block_id, limit)
        if key not in self._known_chances:
            trips, fullest = self.blocks[block_id], self._fullest[block_id]
            near = [
                trip.quantiles
                for trip, top in zip(trips, fullest, strict=True)
                if top > limit or isnan(top)
            ]
            self._known_chances[key] = (
                float(chance_above(np.concatenate(near), limit).max()) if near else 0.0
            )
        return self._known_chances[key]

    @cached_property
    def _layovers(self) -> Mapping[tuple[str, int], Sequence[tuple[TripForecast, TripForecast]]]:
        found: defaultdict[tuple[str, int], list[tuple[TripForecast, TripForecast]]] = defaultdict(
            list
        )
        for trips in self._blocks.values():
            for one, following in pairwise(trips):
                found[one.last_stop_id, one.mode].append((one, following))
        return found

    def layovers(self, stop_id: str, mode: int) -> Sequence[tuple[TripForecast, TripForecast]]:
        """Return the trips of a mode that end at a stop, each with the next of its vehicle."""
        return self._layovers.get((stop_id, mode), ())


def _in_order(call: Call) -> tuple[int, str]:
    return call.at_s, call.trip.trip_id


def planned_day(trips: Iterable[TripForecast], now_s: float) -> PlannedDay:
    """Return a day of trips as of a time of it, in seconds."""
    return PlannedDay({trip.trip_id: trip for trip in trips}, now_s)

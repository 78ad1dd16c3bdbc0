"""A day's forecasts as advice needs them: who follows whom, and what a vehicle drives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from vehicle_occupancy.domain.forecast.trip import TripForecast


@dataclass(frozen=True, slots=True)
class Call:
    """A trip at one of its stops, by its place among them."""

    trip: TripForecast
    index: int

    @property
    def at_s(self) -> int:
        """Return when it leaves."""
        return self.trip.departures_s[self.index]


@dataclass(frozen=True)
class PlannedDay:
    """All trips of a service day that are forecast."""

    trips: Mapping[str, TripForecast]

    @cached_property
    def _calls(self) -> Mapping[tuple[str, int, str], Sequence[Call]]:
        found: defaultdict[tuple[str, int, str], list[Call]] = defaultdict(list)
        for trip in self.trips.values():
            for index, stop_id in enumerate(trip.stop_ids):
                found[trip.line, trip.direction, stop_id].append(Call(trip, index))
        return {
            key: sorted(calls, key=lambda call: (call.at_s, call.trip.trip_id))
            for key, calls in found.items()
        }

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

    def around(self, trip: TripForecast, index: int, count: int) -> tuple[list[Call], list[Call]]:
        """Return up to `count` departures before and after a trip's at one of its stops."""
        calls = self._calls[trip.line, trip.direction, trip.stop_ids[index]]
        own = next(
            place
            for place, call in enumerate(calls)
            if call.trip.trip_id == trip.trip_id and call.index == index
        )
        return list(calls[max(0, own - count) : own]), list(calls[own + 1 : own + 1 + count])

    def block(self, trip: TripForecast) -> Sequence[TripForecast]:
        """Return what the vehicle of a trip drives on the day; the trip alone if nobody knows."""
        return self._blocks[trip.block_id] if trip.block_id is not None else (trip,)

    @property
    def blocks(self) -> Mapping[str, Sequence[TripForecast]]:
        """Return the trips of each block in order."""
        return self._blocks


def planned_day(trips: Iterable[TripForecast]) -> PlannedDay:
    """Return a day of trips."""
    return PlannedDay({trip.trip_id: trip for trip in trips})

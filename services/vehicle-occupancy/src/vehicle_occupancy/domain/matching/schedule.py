# SPDX-License-Identifier: EUPL-1.2
"""When a trip should be where; pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from vehicle_occupancy.domain.timetable import DayTimetable, Trip

AT_A_STOP_M = 40.0


class Schedule:
    """The trips of one service day by their pattern, in the order in which they begin."""

    def __init__(self, day: DayTimetable) -> None:
        found: defaultdict[int, list[Trip]] = defaultdict(list)
        for trip in day.trips.values():
            found[trip.pattern_id].append(trip)
        self._trips = {
            pattern_id: sorted(trips, key=lambda trip: (trip.begin_s, trip.trip_id))
            for pattern_id, trips in found.items()
        }
        self._longest = {
            pattern_id: max(trip.end_s - trip.begin_s for trip in trips)
            for pattern_id, trips in self._trips.items()
        }

    def possible(
        self, pattern_id: int, seconds: float, *, early_s: float, late_s: float
    ) -> Iterator[Trip]:
        """Give the trips of a pattern that may be under way, so much early or late."""
        trips = self._trips.get(pattern_id)
        if not trips:
            return
        earliest = seconds - self._longest[pattern_id] - late_s
        first = bisect_left(trips, earliest, key=lambda trip: trip.begin_s)
        last = bisect_right(trips, seconds + early_s, key=lambda trip: trip.begin_s)
        for trip in trips[first:last]:
            if trip.end_s + late_s >= seconds:
                yield trip


def delay_s(trip: Trip, stops_m: Sequence[float], along_m: float, seconds: float) -> float:
    """Return how much later than planned a trip's vehicle is at a place along its way.

    While it stands at a stop as planned, and before its trip begins, it is on time.
    """
    times = trip.stop_times
    if along_m <= stops_m[0] + AT_A_STOP_M and seconds < times[0].departure_s:
        return 0.0
    after = bisect_left(stops_m, along_m - AT_A_STOP_M)
    if after == len(stops_m):
        return seconds - times[-1].arrival_s
    if abs(stops_m[after] - along_m) <= AT_A_STOP_M:
        call = times[after]
        return min(0.0, seconds - call.arrival_s) + max(0.0, seconds - call.departure_s)
    if after == 0:
        return seconds - times[0].departure_s
    left, reached = times[after - 1].departure_s, times[after].arrival_s
    begin, end = stops_m[after - 1], stops_m[after]
    share = (along_m - begin) / (end - begin) if end > begin else 0.0
    return seconds - (left + (reached - left) * share)

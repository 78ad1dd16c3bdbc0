# SPDX-License-Identifier: EUPL-1.2
"""The calls of each trip: ordered, checked, missing times filled in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from math import isfinite, nan
from typing import NamedTuple

from vehicle_occupancy.domain.geometry import Place, distance_m
from vehicle_occupancy.gtfs.feed import Feed
from vehicle_occupancy.gtfs.grouping import Group, grouped
from vehicle_occupancy.gtfs.network import STOPPING, FeedStop
from vehicle_occupancy.gtfs.report import Report
from vehicle_occupancy.gtfs.values import seconds_of, whole_number

FILE = "stop_times.txt"
NEEDED = ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence")
NOT_HERE = "1"
"""`pickup_type` and `drop_off_type`: none available; all others are, be it on request."""
HIGHEST_SEQUENCE = 2**31 - 1


class Call(NamedTuple):
    """One row; times are null until filled in."""

    sequence: int
    line: int
    stop_id: str
    arrival_s: int | None
    departure_s: int | None
    distance: float | None
    boarding: bool
    alighting: bool


class Calls(NamedTuple):
    """A trip's calls in order, with all times."""

    trip_id: str
    stop_ids: tuple[str, ...]
    sequences: tuple[int, ...]
    arrivals_s: list[int]
    departures_s: list[int]
    distances: tuple[float, ...] | None
    boarding: tuple[bool, ...]
    alighting: tuple[bool, ...]


class _Columns(NamedTuple):
    sequence: int
    stop_id: int
    arrival: int
    departure: int
    distance: int | None
    pickup: int | None
    drop_off: int | None

    @classmethod
    def of(cls, columns: Mapping[str, int]) -> _Columns:
        names = ("stop_sequence", "stop_id", "arrival_time", "departure_time")
        optional = ("shape_dist_traveled", "pickup_type", "drop_off_type")
        return cls(*(columns[name] for name in names), *(columns.get(name) for name in optional))


class CallReader:
    """Reads stop_times.txt against the trips and stops that there are."""

    def __init__(
        self, report: Report, trips: Collection[str], stops: Mapping[str, FeedStop]
    ) -> None:
        self._report = report
        self._trips = trips
        self._stops = stops
        self._times: dict[str, int | None] = {"": None}
        self.interpolated = 0

    def read(self, feed: Feed) -> Iterator[Calls]:
        """Give the trips that can be used; notes why others cannot."""
        columns, groups = grouped(feed, FILE, "trip_id", self._report)
        if not set(NEEDED) <= set(columns):
            return  # told with what other files lack
        for group in groups:
            calls = self._calls(columns, group)
            if calls is not None:
                yield calls

    def _calls(self, columns: Mapping[str, int], group: Group) -> Calls | None:
        trip_id, rows = group
        if trip_id not in self._trips:
            if ("trips.txt", trip_id) not in self._report.left_out:
                self._wrong(rows[0][0], "trip_id", f"{trip_id!r} is not in trips.txt", "reference")
            return None
        read, errors = _Columns.of(columns), self._report.errors
        calls = [self._call(read, line, values) for line, values in rows]
        found = sorted((call for call in calls if call is not None), key=lambda call: call.sequence)
        if len(found) == len(rows):
            self._check(trip_id, found)
        if self._report.errors > errors or len(found) < len(rows):
            return None
        if len(found) < 2:
            text = f"trip {trip_id!r} has one stop only, and is left out"
            self._report.warning(FILE, text, line=found[0].line, field="trip_id", kind="single")
            return None
        return self._filled(trip_id, found)

    def _call(self, read: _Columns, line: int, values: list[str]) -> Call | None:
        sequence = whole_number(values[read.sequence].strip())
        if sequence is None or sequence > HIGHEST_SEQUENCE:
            text = f"{values[read.sequence][:40]!r} is no whole number"
            self._wrong(line, "stop_sequence", text, "number")
            return None
        stop_id = values[read.stop_id].strip()
        stop = self._stops.get(stop_id)
        if stop is None or stop.kind != STOPPING:
            where = "is not in stops.txt" if stop is None else "is no stop, by its location_type"
            if ("stops.txt", stop_id) not in self._report.left_out:
                self._wrong(line, "stop_id", f"{stop_id!r} {where}", "reference")
            return None
        arrival, departure = values[read.arrival].strip(), values[read.departure].strip()
        times = (
            self._time(line, "arrival_time", arrival or departure),
            self._time(line, "departure_time", departure or arrival),
        )
        return Call(
            sequence,
            line,
            stop_id,
            *times,
            self._distance(line, "" if read.distance is None else values[read.distance]),
            read.pickup is None or values[read.pickup].strip() != NOT_HERE,
            read.drop_off is None or values[read.drop_off].strip() != NOT_HERE,
        )

    def _time(self, line: int, field: str, text: str) -> int | None:
        try:
            return self._times[text]
        except KeyError:
            pass
        seconds = seconds_of(text)
        if seconds is not None:
            # Bounded: there are no more times than seconds of two days, in two spellings or so.
            self._times[text] = seconds
        else:
            self._wrong(line, field, f"{text[:40]!r} is no time HH:MM:SS up to 48:00:00", "time")
        return seconds

    def _distance(self, line: int, text: str) -> float | None:
        if not text:
            return None
        try:
            distance = float(text)
        except ValueError:
            distance = nan
        if not isfinite(distance):
            self._wrong(line, "shape_dist_traveled", f"{text[:40]!r} is no number", "number")
            return None
        return distance

    def _check(self, trip_id: str, calls: Sequence[Call]) -> None:
        latest, before = 0, -1
        for call in calls:
            if call.sequence == before:
                text = f"trip {trip_id!r} has two calls of number {before}"
                self._wrong(call.line, "stop_sequence", text, "twice")
            before = call.sequence
            arrival, departure = call.arrival_s, call.departure_s
            if arrival is None or departure is None:
                continue
            if arrival < latest:
                self._wrong(call.line, "arrival_time", "is earlier than the stop before", "order")
            elif departure < arrival:
                self._wrong(call.line, "departure_time", "is earlier than the arrival", "order")
            latest = max(latest, departure)
        for call, name in ((calls[0], "first"), (calls[-1], "last")) if calls else ():
            if call.arrival_s is None:
                text = f"the {name} stop of trip {trip_id!r} needs a time"
                self._wrong(call.line, "arrival_time", text, "no time")

    def _filled(self, trip_id: str, calls: Sequence[Call]) -> Calls:
        stop_ids, sequences = tuple(c.stop_id for c in calls), tuple(c.sequence for c in calls)
        arrivals, departures = [c.arrival_s for c in calls], [c.departure_s for c in calls]
        if None in arrivals:
            self.interpolated += arrivals.count(None)
            filled = interpolate(
                arrivals, departures, [self._stops[stop_id].place for stop_id in stop_ids]
            )
        else:
            filled = arrivals, departures  # type: ignore[assignment]
        distances = tuple(c.distance for c in calls)
        return Calls(
            trip_id,
            stop_ids,
            sequences,
            *filled,
            None if None in distances else distances,  # type: ignore[arg-type]
            tuple(c.boarding for c in calls),
            tuple(c.alighting for c in calls),
        )

    def _wrong(self, line: int, field: str, text: str, kind: str) -> None:
        self._report.error(FILE, text, line=line, field=field, kind=kind)


def interpolate(
    arrivals: Sequence[int | None], departures: Sequence[int | None], places: Sequence[Place]
) -> tuple[list[int], list[int]]:
    """Fill in missing times between known ones, at even speed along the stops."""
    along = [0.0]
    for one, other in pairwise(places):
        # One metre at least, so that stops at the same place still come one after the other.
        along.append(along[-1] + max(1.0, distance_m(one, other)))
    filled_arrivals, filled_departures = [], []
    before = 0
    for index, (arrival, departure) in enumerate(zip(arrivals, departures, strict=True)):
        if arrival is not None and departure is not None:
            before = index
            filled_arrivals.append(arrival)
            filled_departures.append(departure)
            continue
        after = next(i for i in range(index, len(arrivals)) if arrivals[i] is not None)
        left, reached = departures[before] or 0, arrivals[after] or 0
        share = (along[index] - along[before]) / (along[after] - along[before])
        time = round(left + (reached - left) * share)
        filled_arrivals.append(time)
        filled_departures.append(time)
    return filled_arrivals, filled_departures

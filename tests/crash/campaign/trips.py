# SPDX-License-Identifier: EUPL-1.2
"""What happened at the stops of trips, by arithmetic of what doors and the control centre told, and what is told otherwise."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import httpx
import psycopg

from crash.campaign.line import APART_DEG, DIRECTION, LINE, STOPS, Call
from crash.campaign.reckoning import Truth
from crash.campaign.traffic import Told
from stadttakt_runtime.clock import utc_now

LAST = len(STOPS) - 1
AT_STOP = 60 / (APART_DEG * 111_195)
"""A bus is at a stop from 60 m before it to 60 m after it: that part of the way from stop to stop, driven evenly."""

TOLD_LATE, ALONE = timedelta(seconds=30), timedelta(minutes=10)
"""So long after it left the first stop doors tell of it; so long before the first trip of all, who boards is of that."""

UNSURE = timedelta(milliseconds=1)
"""A door that told so near to where one stop ends and another begins may belong to either: such a trip is not reckoned."""

_VISITS = """
select start_date, trip_id, call_index, vehicle_id, arrived_at, departed_at, boarded, alighted
  from transit.stop_visit order by start_date, trip_id, call_index
"""


class Stop(NamedTuple):
    """When a bus was at a stop, and who boarded and alighted there; none where no door told."""

    vehicle_id: str
    arrived_at: datetime
    departed_at: datetime
    boarded: int | None
    alighted: int | None


class Passed(NamedTuple):
    """Those who a door told that they passed."""

    at: datetime
    boarded: int
    alighted: int


class Driven(NamedTuple):
    """A trip, and when its bus was told to be at the first stops of it in a row."""

    bus: str
    trip: tuple[str, str]
    times: tuple[datetime, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it was told of all stops."""
        return len(self.times) == len(STOPS)

    def reached(self, index: int) -> datetime:
        """Return when it came to a stop."""
        if not index:
            return self.times[0]
        return self.times[index] - AT_STOP * (self.times[index] - self.times[index - 1])

    def left(self, index: int) -> datetime:
        """Return when it left a stop; the last one when that was told."""
        if index == LAST:
            return self.times[LAST]
        return self.times[index] + AT_STOP * (self.times[index + 1] - self.times[index])


def newest_calls(truth: Truth) -> dict[str, Call]:
    """Return where each bus was told to be last."""
    told = sorted(truth.of("trip"), key=_when)
    return {each.place: each.says[0] for each in told}


def driven(truth: Truth) -> dict[str, list[Driven]]:
    """Return the trips of each bus in their order."""
    found: defaultdict[str, list[Driven]] = defaultdict(list)
    for each in sorted(truth.of("trip"), key=_when):
        call, trips = each.says[0], found[each.place]
        trip = (call.start_date, call.trip_id)
        if not trips or trips[-1].trip != trip:
            trips.append(Driven(each.place, trip, ()))
        if call.number == len(trips[-1].times):
            trips[-1] = trips[-1]._replace(times=(*trips[-1].times, each.at))
    return dict(found)


def passed(truth: Truth) -> dict[str, list[Passed]]:
    """Return who passed the doors of each bus; what a counter told first says nothing of who passed."""
    doors: defaultdict[str, list[Told]] = defaultdict(list)
    for each in truth.of("door"):
        doors[each.place].append(each)
    found: defaultdict[str, list[Passed]] = defaultdict(list)
    for place, told in doors.items():
        bus, *_ = place.split("/")
        before = None
        for each in sorted(told, key=_when):
            mode, came, went = each.says
            if mode == "cumulative":
                before, (came, went) = (came, went), _risen(before, (came, went))
            found[bus].append(Passed(each.at, came, went))
    return dict(found)


def _risen(before: tuple[int, int] | None, now: tuple[int, int]) -> tuple[int, int]:
    return (0, 0) if before is None else (now[0] - before[0], now[1] - before[1])


def _when(told: Told) -> tuple[datetime, str]:
    return told.at, told.event_id


def reckoned(truth: Truth) -> dict[tuple[str, str], list[Stop]]:
    """Return the stops of all trips that are over, of which all is known, and nothing is told at the edge of a stop."""
    found, doors = {}, passed(truth)
    for bus, trips in driven(truth).items():
        for before, own, after in zip([None, *trips], trips, trips[1:], strict=False):
            if own.is_whole and len(after.times) > 1 and (before is None or before.is_whole):
                stops = _stops(before, own, after, doors.get(bus, ()))
                if stops is not None:
                    found[own.trip] = stops
    return found


def _stops(
    before: Driven | None, own: Driven, after: Driven, doors: Iterable[Passed]
) -> list[Stop] | None:
    """Count doors by stops; those at both terminals let out for the trip that ends, and in for the one that begins."""
    begin = own.times[0] - ALONE if before is None else before.reached(LAST)
    alight_from = own.times[0] - ALONE if before is None else own.left(0) + TOLD_LATE
    board_until, end = own.reached(LAST), after.left(0) + TOLD_LATE
    reached = [own.reached(index) for index in range(1, len(STOPS))]
    counts: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for each in doors:
        if any(abs(each.at - edge) < UNSURE for edge in (*reached, begin, alight_from, end)):
            return None
        if begin <= each.at < end:
            count = counts[bisect_right(reached, each.at)]
            count[0] += each.boarded * (each.at < board_until)
            count[1] += each.alighted * (each.at >= alight_from)
    return [
        Stop(own.bus, own.reached(index), own.left(index), *counts.get(index, (None, None)))
        for index in range(len(STOPS))
    ]


def differing_trips(truth: Truth, database_url: str, transit: httpx.Client) -> list[str]:
    """Return what rows, and if these are right answers, say otherwise; stops are counted up to a minute after."""
    wanted = reckoned(truth)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(_VISITS).fetchall()
    stored: defaultdict[tuple[str, str], list[Stop]] = defaultdict(list)
    for start_date, trip_id, _, *stop in rows:
        stored[start_date, trip_id].append(Stop(*stop))
    return [*_ahead(stored, utc_now()), *compared("stop_visit", wanted, stored)] or [
        *compared("http", wanted, {trip: _told(transit, *trip) for trip in wanted})
    ]


def _ahead(stored: Mapping[tuple[str, str], Sequence[Stop]], now: datetime) -> Iterator[str]:
    for trip, stops in stored.items():
        for number, stop in enumerate(stops):
            if stop.arrived_at > now + timedelta(seconds=1):
                yield f"stop_visit: {trip} is at stop {number} of it at {stop.arrived_at}, which is to come"


def _told(transit: httpx.Client, start_date: str, trip_id: str) -> list[Stop]:
    query = {"start_date": start_date}
    answer = transit.get(f"/v1/trips/{trip_id}/occupancy", params=query).raise_for_status()
    return [
        Stop(
            each["vehicle_id"],
            datetime.fromisoformat(each["arrived_at"]),
            datetime.fromisoformat(each["departed_at"]),
            each["boarded"],
            each["alighted"],
        )
        for each in answer.json()["stops"]
        if each["arrived_at"] is not None
    ]


def compared(
    where: str,
    wanted: Mapping[tuple[str, str], Sequence[Stop]],
    found: Mapping[tuple[str, str], Sequence[Stop]],
) -> Iterator[str]:
    """Yield the first stop of each trip that is another one than it must be; times may differ by `UNSURE`."""
    for trip, stops in wanted.items():
        there = found.get(trip, ())
        if len(there) != len(stops):
            yield f"{where}: {trip} has {len(there)} stops instead of {len(stops)}"
            continue
        for number, (own, other) in enumerate(zip(there, stops, strict=True)):
            if not _alike(own, other):
                yield f"{where}: {trip} has {own} instead of {other} at its stop {number}"
                break


def _alike(found: Stop, wanted: Stop) -> bool:
    times = zip(found[1:3], wanted[1:3], strict=True)
    return all(abs(own - other) < UNSURE for own, other in times) and (
        found._replace(arrived_at=wanted.arrived_at, departed_at=wanted.departed_at) == wanted
    )


def differing_serving(
    where: str, truth: Truth, told: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield the buses that are told to serve another trip than they were told to serve last."""
    for bus, call in newest_calls(truth).items():
        state = told.get(bus) or {}
        found = tuple(state.get(name) for name in ("line", "direction", "start_date", "trip_id"))
        if found != (wanted := (LINE, DIRECTION, call.start_date, call.trip_id)):
            yield f"{where}: {bus} serves {found} instead of {wanted}"

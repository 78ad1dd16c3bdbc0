# SPDX-License-Identifier: EUPL-1.2
"""Reads the timetable: a whole service day, or single trips, stops and lines of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from vehicle_occupancy.domain.geometry import Line, Place
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.domain.timetable import (
    DayTimetable,
    LineName,
    Pattern,
    Stop,
    StopId,
    StopTime,
    Trip,
    TripId,
)
from vehicle_occupancy.storage.timetable_versions import holding

_TRIPS = """
select t.trip_id, t.pattern_id, t.headsign, t.block_id, t.exact, t.arrivals_s, t.departures_s
  from timetable_trip t
  join timetable_day d on d.version_id = t.version_id and t.service = any(d.services)
 where d.version_id = $1 and d.day = $2 and ($3::text is null or t.trip_id = $3)
"""
_PATTERNS = """
select * from timetable_pattern
 where version_id = $1 and ($2::int[] is null or pattern_id = any($2))
"""
_STOPS = "select stop_id, name, lat, lon, parent_id from timetable_stop where version_id = $1"
_LIST_STOPS = """
select s.stop_id, s.name, s.lat, s.lon, s.parent_id,
       (select coalesce(array_agg(distinct p.line order by p.line), '{}')
          from timetable_pattern p
         where p.version_id = s.version_id and s.stop_id = any(p.stop_ids)) as lines
  from timetable_stop s
 where s.version_id = $1 and s.kind = 0 and s.stop_id collate "C" > $2
   and s.lon between $3 and $5 and s.lat between $4 and $6
 order by s.stop_id collate "C" limit $7
"""
_LINES = """
select line, array_agg(route_id order by route_id) as route_ids, min(mode) as mode,
       max(long_name) as long_name, max(colour) as colour, max(text_colour) as text_colour
  from timetable_route where version_id = $1 group by line
"""
_ENDS = """
select p.line, p.direction, p.stop_ids[1] as first, p.stop_ids[cardinality(p.stop_ids)] as last,
       count(*) as trips
  from timetable_pattern p join timetable_trip t using (version_id, pattern_id)
 where version_id = $1 group by 1, 2, 3, 4
"""


class Bbox(NamedTuple):
    """West, south, east, north in degrees."""

    west: float
    south: float
    east: float
    north: float


async def load_day(connection: Any, day: date) -> DayTimetable | None:
    """Return the timetable of a service day, None where no version holds on it."""
    version = await holding(connection, day)
    return None if version is None else await _load(connection, version, day, None)


async def load_trip(connection: Any, day: date, trip_id: str) -> DayTimetable | None:
    """Return a day's timetable with one trip in it only; None where it does not run then."""
    version = await holding(connection, day)
    found = None if version is None else await _load(connection, version, day, trip_id)
    return found if found is not None and found.trips else None


async def _load(connection: Any, version: Any, day: date, trip_id: str | None) -> DayTimetable:
    version_id = version["version_id"]
    rows = await connection.fetch(_TRIPS, version_id, day, trip_id)
    wanted = None if trip_id is None else [row["pattern_id"] for row in rows]
    stored = await connection.fetch(_PATTERNS, version_id, wanted)
    patterns = {row["pattern_id"]: _pattern(row) for row in stored}
    calls = {row["pattern_id"]: row for row in stored}
    return DayTimetable(
        version_id=version_id,
        service_day=ServiceDay(day, ZoneInfo(version["timezone"])),
        trips={
            TripId(row["trip_id"]): _trip(
                row, patterns[row["pattern_id"]], calls[row["pattern_id"]]
            )
            for row in rows
        },
        patterns=patterns,
        stops={StopId(row["stop_id"]): _stop(row) for row in await _stops(connection, version_id)},
        simulated=version["simulated"],
    )


async def _stops(connection: Any, version_id: int) -> Iterable[Any]:
    found: Iterable[Any] = await connection.fetch(_STOPS, version_id)
    return found


def _stop(row: Any) -> Stop:
    return Stop(row["stop_id"], row["name"], Place(row["lat"], row["lon"]), row["parent_id"])


def _pattern(row: Any) -> Pattern:
    way = [Place(lat, lon) for lat, lon in zip(row["way_lats"], row["way_lons"], strict=True)]
    return Pattern(
        row["pattern_id"],
        LineName(row["line"]),
        row["direction"],
        row["mode"],
        tuple(row["stop_ids"]),
        tuple(row["distances_m"]),
        Line(way),
    )


def _trip(row: Any, pattern: Pattern, calls: Any) -> Trip:
    # Positional and by zip alone: a day of a large city has a million of these.
    stop_times = map(
        StopTime,
        pattern.stop_ids,
        calls["sequences"],
        row["arrivals_s"],
        row["departures_s"],
        pattern.distances_m,
        calls["boarding"],
        calls["alighting"],
    )
    return Trip(
        row["trip_id"],
        pattern.line,
        pattern.direction,
        row["headsign"],
        row["block_id"],
        pattern.pattern_id,
        tuple(stop_times),
        row["exact"],
    )


async def list_stops(
    connection: Any, version_id: int, bbox: Bbox, *, after: str, limit: int
) -> list[Any]:
    """Return stops in a box in the order of their id, with the lines that call there."""
    return list(await connection.fetch(_LIST_STOPS, version_id, after, *bbox, limit))


class ListedLine(NamedTuple):
    """A line as passengers know it; `ends` are its usual last stops by direction."""

    line: str
    route_ids: list[str]
    mode: int
    long_name: str
    colour: str | None
    text_colour: str | None
    ends: Mapping[int, str]


async def list_lines(connection: Any, version_id: int) -> list[ListedLine]:
    """Return the lines of a version."""
    ends: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for row in await connection.fetch(_ENDS, version_id):
        ends[row["line"], row["direction"]][row["last"]] += row["trips"]
    last = {key: counted.most_common(1)[0][0] for key, counted in ends.items()}
    return [
        ListedLine(
            **dict(row),
            ends={
                direction: stop for (line, direction), stop in last.items() if line == row["line"]
            },
        )
        for row in await connection.fetch(_LINES, version_id)
    ]


async def stop_names(connection: Any, version_id: int) -> dict[str, str]:
    """Return the names of all stops of a version."""
    return {row["stop_id"]: row["name"] for row in await _stops(connection, version_id)}

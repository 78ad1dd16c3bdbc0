# SPDX-License-Identifier: EUPL-1.2
"""Names of single stops and trips of a service day, by the timetable that holds on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from vehicle_occupancy.domain.forecast.telling import Way
from vehicle_occupancy.domain.names import DayNames, TripName
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.storage.timetable_versions import holding

_TRIPS = """
select t.trip_id, p.line, t.headsign, t.departures_s[1] as leaves_s,
       p.stop_ids[1] as first, p.stop_ids[cardinality(p.stop_ids)] as last
  from timetable_trip t join timetable_pattern p using (version_id, pattern_id)
 where t.version_id = $1 and t.trip_id = any($2::text[])
"""
_STOPS = """
select stop_id, name from timetable_stop where version_id = $1 and stop_id = any($2::text[])
"""
# the last stop that most of the trips of a line and direction have
_ENDS = """
select distinct on (p.line, p.direction) p.line, p.direction, s.name
  from unnest($2::text[], $3::int[]) as asked (line, direction)
  join timetable_pattern p on (p.line, p.direction) = (asked.line, asked.direction)
  join timetable_trip t using (version_id, pattern_id)
  join timetable_stop s on s.version_id = p.version_id
       and s.stop_id = p.stop_ids[cardinality(p.stop_ids)]
 where p.version_id = $1
 group by p.line, p.direction, s.name
 order by p.line, p.direction, count(*) desc, s.name
"""
_RUNNING = """
select distinct p.line, p.direction
  from timetable_day d
  join timetable_trip t on t.version_id = d.version_id and t.service = any(d.services)
  join timetable_pattern p on p.version_id = t.version_id and p.pattern_id = t.pattern_id
 where d.version_id = $1 and d.day = $2 and cardinality(p.stop_ids) > 1
"""


async def of_day(
    connection: Any, day: date, trip_ids: Iterable[str], stop_ids: Iterable[str]
) -> DayNames:
    """Return what some trips and stops are called on a day; a trip without a headsign by its last stop."""
    version = await holding(connection, day)
    if version is None:
        return DayNames()
    rows = await connection.fetch(_TRIPS, version["version_id"], sorted(set(trip_ids)))
    wanted = {*stop_ids, *(row[end] for row in rows for end in ("first", "last"))}
    found = await connection.fetch(_STOPS, version["version_id"], sorted(wanted))
    stops = {row["stop_id"]: row["name"] for row in found}
    begins = ServiceDay(day, ZoneInfo(version["timezone"]))
    trips = {
        row["trip_id"]: TripName(
            row["line"],
            row["headsign"] or stops[row["last"]],
            stops[row["first"]],
            begins.at(row["leaves_s"]),
        )
        for row in rows
    }
    return DayNames(stops, trips)


async def running(connection: Any, day: date) -> set[Way]:
    """Return which lines and directions run on a day; none where no timetable holds on it."""
    version = await holding(connection, day)
    if version is None:
        return set()
    rows = await connection.fetch(_RUNNING, version["version_id"], day)
    return {(row["line"], row["direction"]) for row in rows}


async def ends(connection: Any, day: date, ways: Iterable[Way]) -> dict[Way, str]:
    """Return whereto lines go, by line and direction: the usual last stop's name."""
    version = await holding(connection, day)
    asked = sorted(ways)
    if version is None or not asked:
        return {}
    lines, directions = ([way[place] for way in asked] for place in (0, 1))
    rows = await connection.fetch(_ENDS, version["version_id"], lines, directions)
    return {(row["line"], row["direction"]): row["name"] for row in rows}

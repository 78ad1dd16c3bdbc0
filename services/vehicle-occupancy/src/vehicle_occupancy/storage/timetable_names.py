# SPDX-License-Identifier: EUPL-1.2
"""Names of single stops and trips of a service day, by the timetable that holds on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

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

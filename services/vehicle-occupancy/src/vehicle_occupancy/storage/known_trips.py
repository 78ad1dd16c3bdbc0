# SPDX-License-Identifier: EUPL-1.2
"""Which trips that vehicles were said to serve are in no timetable, and which are by now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from stadttakt_messages.base import VehicleId


class NamedTrip(NamedTuple):
    """A trip as an assignment names it; no `start_date`: of any day."""

    trip_id: str
    start_date: str | None
    simulated: bool


# Made-up timetables judge made-up assignments only. Of a day without a timetable all is believed.
_VERSION = """
v.activated_at is not null and (said.simulated or not v.simulated)
"""
_RUNS = f"""
exists (select from timetable_version v
          join timetable_trip t using (version_id)
          join timetable_day d using (version_id)
         where {_VERSION} and t.trip_id = said.trip_id and t.service = any(d.services)
           and d.day between v.valid_from and v.valid_to
           and (said.start_date is null or to_char(d.day, 'YYYYMMDD') = said.start_date))
"""
_UNKNOWN = f"""
select said.trip_id, said.start_date, said.simulated
  from unnest($1::text[], $2::text[], $3::bool[]) as said (trip_id, start_date, simulated)
 where exists (select from timetable_version v
                where {_VERSION}
                  and (said.start_date is null
                       or said.start_date between to_char(v.valid_from, 'YYYYMMDD')
                                              and to_char(v.valid_to, 'YYYYMMDD')))
   and not {_RUNS}
"""  # noqa: S608 (made of constants)
_NOW_KNOWN = f"""
select said.vehicle_id, min(said.observed_at) from assignment said
 where not said.trip_known and {_RUNS}
 group by said.vehicle_id
"""  # noqa: S608 (made of constants)
_NOTE_KNOWN = f"""
update assignment said set trip_known = true
 where not said.trip_known and {_RUNS}
"""  # noqa: S608 (made of constants)
_VERSIONS = "select count(*), max(activated_at) from timetable_version"


async def unknown(connection: Any, named: Iterable[NamedTrip]) -> set[NamedTrip]:
    """Return those trips that no timetable of their day has."""
    rows = await connection.fetch(_UNKNOWN, *zip(*named, strict=True))
    return {NamedTrip(*row) for row in rows}


async def now_known(connection: Any) -> dict[VehicleId, datetime]:
    """Return the vehicles with unknown trips that a timetable has by now, and since when."""
    return {VehicleId(row[0]): row[1] for row in await connection.fetch(_NOW_KNOWN)}


async def note_known(connection: Any) -> None:
    """Note which unknown trips a timetable has by now."""
    await connection.execute(_NOTE_KNOWN)


async def versions_mark(connection: Any) -> tuple[int, datetime | None]:
    """Return what changes whenever another timetable holds."""
    count, activated = await connection.fetchrow(_VERSIONS)
    return count, activated

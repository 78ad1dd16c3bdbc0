# SPDX-License-Identifier: EUPL-1.2
"""Which trips vehicles served and what happened at their stops: made anew from a time on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.matching import TripKey
from vehicle_occupancy.domain.reading import Position
from vehicle_occupancy.domain.visits.served import Served, ServedBy

# Shared with every writer of readings, so that none can commit what was looked over.
_MARK_LATE = """
with counted as materialized (select counted_until from visit_progress for share)
insert into visit_dirty (vehicle_id, since)
select vehicle_id, min(at) from unnest($1::text[], $2::timestamptz[]) as said (vehicle_id, at)
 where at < (select counted_until from counted)
 group by vehicle_id order by vehicle_id
    on conflict (vehicle_id) do update
   set since = least(visit_dirty.since, excluded.since), marks = visit_dirty.marks + 1
"""
_COUNTED_UNTIL = "select counted_until from visit_progress for update"
_SET_COUNTED = "update visit_progress set counted_until = $1"
_MARK_NEW = """
insert into visit_dirty (vehicle_id, since)
select vehicle_id, min(observed_at)
  from (select vehicle_id, observed_at from reading where observed_at >= $1 and observed_at < $2
         union all
        select vehicle_id, observed_at from position where observed_at >= $1 and observed_at < $2
         union all
        select vehicle_id, observed_at from assignment
         where observed_at >= $1 and observed_at < $2
         union all
        select vehicle_id, greatest(ended_at, $1) from served_trip
         where ended_at >= $1 and begun_at > $1 - interval '6 hours') said
 group by vehicle_id order by vehicle_id
    on conflict (vehicle_id) do update
   set since = least(visit_dirty.since, excluded.since), marks = visit_dirty.marks + 1
"""
_TAKE = "select vehicle_id, since, marks from visit_dirty order by since, vehicle_id limit $1"
_UNMARK = "delete from visit_dirty where vehicle_id = $1 and marks = $2"
_SERVED_BEFORE = """
select * from served_trip where vehicle_id = $1 and begun_at < $2 order by begun_at desc limit 1
"""
_FIRST_SERVED = """
select min(begun_at) from served_trip
 where vehicle_id = $1 and ended_at > $2::timestamptz - interval '40 minutes'
   and begun_at > $2::timestamptz - interval '12 hours'
"""
_FORGET_SERVED = "delete from served_trip where vehicle_id = $1 and begun_at >= $2"
_WRITE_SERVED = """
insert into served_trip (vehicle_id, begun_at, ended_at, start_date, trip_id, served_by, simulated)
select $1, * from unnest($2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
                         $7::bool[])
"""
_FORGET = """
delete from stop_visit
 where vehicle_id = $1
   and (start_date, trip_id) in (select * from unnest($2::text[], $3::text[]))
returning start_date, trip_id, call_index, public_level, is_told,
          load_reconciled is not null as is_reconciled
"""
_SERVED_SINCE = (
    "select start_date, trip_id from served_trip where vehicle_id = $1 and begun_at >= $2"
)
_POSITIONS = """
select * from position where vehicle_id = $1 and observed_at >= $2 and observed_at < $3
"""
COLUMNS = (
    *("start_date", "trip_id", "vehicle_id", "call_index", "version_id", "line", "direction"),
    *("stop_id", "arrived_at", "departed_at", "boarded", "alighted", "load", "load_min"),
    *("load_max", "percentage", "level", "occupancy_status", "confidence", "places"),
    *("public_level", "is_told", "timing", "served_by", "simulated", "computed_at"),
    *("boarded_reconciled", "alighted_reconciled", "load_reconciled"),
)
_OF_TRIP = """
select * from stop_visit where trip_id = $1 and start_date = $2
 order by call_index, simulated, vehicle_id
"""
_LAST_DATE = "select max(start_date) from stop_visit where trip_id = $1"


class Dirty(NamedTuple):
    """A vehicle whose stops must be counted anew from a time on; `marks` tells later marks."""

    vehicle_id: VehicleId
    since: datetime
    marks: int


class Told(NamedTuple):
    """What everybody was told of a departure, and whether its trip had added up."""

    level: str | None
    is_told: bool
    is_reconciled: bool = False


async def mark_late(connection: Any, said: Iterable[tuple[str, datetime]]) -> None:
    """Mark the vehicles of which something was said of a time that is counted already."""
    pairs = list(said)
    if pairs:
        await connection.execute(_MARK_LATE, *zip(*pairs, strict=True))


async def close(connection: Any, until: datetime) -> None:
    """Count up to a time: mark the vehicles of which something was said since the last one."""
    counted: datetime = await connection.fetchval(_COUNTED_UNTIL)
    if until > counted:
        await connection.execute(_MARK_NEW, counted, until)
        await connection.execute(_SET_COUNTED, until)


async def counted_until(connection: Any) -> datetime:
    """Return up to when stops are counted."""
    found: datetime = await connection.fetchval("select counted_until from visit_progress")
    return found


async def take(connection: Any, limit: int) -> list[Dirty]:
    """Return some marked vehicles, those that wait longest first."""
    return [Dirty(*row) for row in await connection.fetch(_TAKE, limit)]


async def unmark(connection: Any, dirty: Dirty) -> None:
    """Take a mark off, unless more was marked meanwhile."""
    await connection.execute(_UNMARK, dirty.vehicle_id, dirty.marks)


async def first_served(connection: Any, vehicle_id: str, since: datetime) -> datetime | None:
    """Return when the first trip began that something said of a time may change."""
    found: datetime | None = await connection.fetchval(_FIRST_SERVED, vehicle_id, since)
    return found


async def served_before(connection: Any, vehicle_id: str, begin: datetime) -> Served | None:
    """Return the last trip that began before a time."""
    row = await connection.fetchrow(_SERVED_BEFORE, vehicle_id, begin)
    if row is None:
        return None
    return Served(
        TripKey(row["start_date"], row["trip_id"]),
        row["begun_at"],
        row["ended_at"],
        ServedBy(row["served_by"]),
        row["simulated"],
    )


async def replace_served(
    connection: Any, vehicle_id: str, since: datetime, served: Sequence[Served]
) -> dict[tuple[str, str, int], Told]:
    """Store which trips a vehicle served from a time on instead of those known before.

    The stops of all of them are forgotten; returns what everybody was told of them.
    """
    before = await connection.fetch(_SERVED_SINCE, vehicle_id, since)
    trips = {(row["start_date"], row["trip_id"]) for row in before}
    trips |= {(each.trip.start_date, each.trip.trip_id) for each in served}
    gone = []
    if trips:
        gone = await connection.fetch(_FORGET, vehicle_id, *zip(*sorted(trips), strict=True))
    await connection.execute(_FORGET_SERVED, vehicle_id, since)
    rows = [
        (each.begun_at, each.ended_at, *each.trip, each.by.value, each.simulated) for each in served
    ]
    if rows:
        await connection.execute(_WRITE_SERVED, vehicle_id, *zip(*rows, strict=True))
    return {
        (row["start_date"], row["trip_id"], row["call_index"]): Told(
            row["public_level"], row["is_told"], row["is_reconciled"]
        )
        for row in gone
    }


async def insert(connection: Any, rows: Sequence[tuple[Any, ...]]) -> None:
    """Store stops, in the order of `COLUMNS`."""
    await connection.copy_records_to_table("stop_visit", columns=COLUMNS, records=rows)


async def positions(
    connection: Any, vehicle_id: str, begin: datetime, end: datetime
) -> list[Position]:
    """Return where a vehicle was in a period, in order; simulated only where none is real."""
    rows = await connection.fetch(_POSITIONS, vehicle_id, begin, end)
    real = [row for row in rows if not row["simulated"]]
    found = [
        Position(
            event_id=row["event_id"],
            vehicle_id=VehicleId(vehicle_id),
            observed_at=row["observed_at"],
            lat=row["lat"],
            lon=row["lon"],
            speed_mps=row["speed_mps"],
            bearing_deg=row["bearing_deg"],
            simulated=row["simulated"],
        )
        for row in real or rows
    ]
    return sorted(found, key=lambda each: each.identity)


async def of_trip(connection: Any, trip_id: str, start_date: str) -> list[Any]:
    """Return the stops of a trip by their order, of several vehicles those of the first by id first."""
    return list(await connection.fetch(_OF_TRIP, trip_id, start_date))


async def last_date(connection: Any, trip_id: str) -> str | None:
    """Return the last service day on which a trip was seen."""
    found: str | None = await connection.fetchval(_LAST_DATE, trip_id)
    return found

# SPDX-License-Identifier: EUPL-1.2
"""How far the trips of this hour have come, as their stops were counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from vehicle_occupancy.domain.running import Running, Seen

# An open assignment goes on without a word: only what the vehicle, or who drives it, said counts.
# Vehicle by vehicle, along the key of what they served. Of several on a trip the farthest counts.
_UNDER_WAY = """
with under_way as materialized (
    select s.start_date, s.trip_id, max(h.heard_at) as until
      from vehicle c
     cross join lateral (
           select start_date, trip_id, begun_at, ended_at from served_trip
            where vehicle_id = c.vehicle_id and begun_at > $1::timestamptz - interval '6 hours'
              and begun_at <= $1 and ended_at > $1::timestamptz - interval '1 hour' offset 0) s
     cross join lateral (
           select greatest(
               s.begun_at,
               (select max(observed_at) from position where vehicle_id = c.vehicle_id
                   and observed_at between s.begun_at and least(s.ended_at, $1)),
               (select max(observed_at) from reading where vehicle_id = c.vehicle_id
                   and observed_at between s.begun_at and least(s.ended_at, $1)),
               (select max(observed_at) from assignment where vehicle_id = c.vehicle_id
                   and observed_at between s.begun_at and least(s.ended_at, $1))
           ) as heard_at) h
     group by s.start_date, s.trip_id)
select f.day, f.trip_id, coalesce(l.call_index, -1) as left_at, l.late, u.until
  from under_way u
  join trip_forecast f on f.day = to_date(u.start_date, 'YYYYMMDD') and f.trip_id = u.trip_id
  left join lateral (
       select v.call_index, v.departed_at - f.departures_at[v.call_index + 1] as late
         from stop_visit v
        where v.start_date = u.start_date and v.trip_id = u.trip_id
          and v.call_index < cardinality(f.departures_at)
          and v.departed_at <= least($1::timestamptz, (select counted_until from visit_progress))
        order by v.call_index desc, v.departed_at desc limit 1) l on true
"""


async def under_way(connection: Any, now: datetime) -> Running:
    """Return how far trips have come that are forecast and were under way within the last hour."""
    return {
        (row["day"], row["trip_id"]): Seen(
            row["left_at"], row["late"] or timedelta(), min(row["until"], now)
        )
        for row in await connection.fetch(_UNDER_WAY, now)
    }

# SPDX-License-Identifier: EUPL-1.2
"""What lots were by day of the city: counted from stays or, where there are gates, from flows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from parking_occupancy.domain.effect import Day
from stadttakt_messages.base import LotId

_TAKE = """
with taken as (
    select lot_id, day from stay_day_dirty order by lot_id, day limit $1 for update
)
delete from stay_day_dirty d using taken
 where (d.lot_id, d.day) = (taken.lot_id, taken.day)
returning d.lot_id, d.day
"""
_COUNT = """
with span as materialized (
    select $2::date::timestamp at time zone $3 as begin,
           least(($2::date + 1)::timestamp at time zone $3,
                 greatest(coalesce((select closed_until from history_clock), now()),
                          $2::date::timestamp at time zone $3)) as until
),
-- a bay once for each time in which it was of one kind, none of a person
bays as materialized (
    select k.bay_id, make_interval(secs => k.heartbeat_limit_s) as held,
           greatest(k.since, span.begin) as begin, least(k.until, span.until) as until
      from span join stay_kind k on k.since < span.until and k.until > span.begin
     where k.lot_id = $1 and k.retired_at is null
),
known as materialized (
    select t.*, bays.begin, bays.until,
           least(coalesce(t.ended_to, t.ended_from + bays.held), bays.until) as known_to
      from bays
      cross join lateral (
        (select * from bay_stretch where bay_id = bays.bay_id and begun_to < bays.begin
          order by begun_to desc limit 2)
         union all
        (select * from bay_stretch where bay_id = bays.bay_id
            and begun_to >= bays.begin and begun_to < bays.until)
      ) t
),
counted as (
    select count(*) filter (where occupied and begun_from is not null and begun_to >= begin) as arrivals,
           count(*) filter (where occupied and ended_to >= begin and ended_to < until) as departures,
           count(*) filter (where occupied and begun_from is not null and begun_to >= begin
                              and ended_to is not null) as ended,
           percentile_cont(0.5) within group (order by extract(epoch from ended_to - begun_to) / 60)
             filter (where occupied and begun_from is not null and begun_to >= begin
                       and ended_to is not null) as median,
           avg(extract(epoch from ended_to - begun_to) / 60)
             filter (where occupied and begun_from is not null and begun_to >= begin
                       and ended_to is not null) as mean,
           coalesce(sum(extract(epoch from known_to - greatest(begun_to, begin)))
                      filter (where known_to > greatest(begun_to, begin)), 0) as known_s,
           coalesce(bool_or(simulated), false) as simulated
      from known
),
full_time as (
    select avg((free_max = 0)::int) as share
      from span join lot_history h on h.start >= span.begin and h.start < span.until
     where h.lot_id = $1 and h.width_s = 300 and h.completeness >= 0.8
)
insert into stay_day (lot_id, day, arrivals, departures, dwell_median_min, dwell_mean_min, turnover,
                      full_share, completeness, simulated)
select $1, $2, arrivals, departures, case when ended >= $4 then median end,
       case when ended >= $4 then mean end, arrivals / nullif(known_s / 86400, 0), share,
       least(coalesce(known_s / nullif((select sum(extract(epoch from until - begin)) from bays), 0),
                      0), 1),
       simulated
  from counted, full_time, span
 where until > begin
    on conflict (lot_id, day) do update
   set (arrivals, departures, dwell_median_min, dwell_mean_min, turnover, full_share, completeness,
        simulated, changed_at)
     = (excluded.arrivals, excluded.departures, excluded.dwell_median_min, excluded.dwell_mean_min,
        excluded.turnover, excluded.full_share, excluded.completeness, excluded.simulated, now())
"""
# Told up to a limit: the exact number of millions is not worth reading them.
_WAITING = """
select (select count(*) from (select from stay_dirty limit 10000) a) as bay,
       (select count(*) from (select from lot_history_dirty limit 10000) a) as bucket,
       (select count(*) from (select from stay_day_dirty limit 10000) a) as day
"""
_KNOWN = "select lot_id from lot where retired_at is null and lot_id = any ($1::text[])"
# Gates see all that came; bays with sensors, where there are any, tell the median stay.
_PUT_FLOW = """
update stay_day
   set (arrivals, departures, dwell_mean_min, turnover, full_arrivals, failed_entries,
        completeness, simulated, changed_at) = ($3, $4, $5, $6, $7, $8, $9, $10, now())
 where lot_id = $1 and day = $2
"""
# A day that is not over is no day to compare.
_READ = """
select day, completeness, arrivals, turnover, dwell_median_min, dwell_mean_min, full_share,
       full_arrivals, failed_entries, simulated
  from stay_day
 where lot_id = $1 and day >= $2 and day < $3
   and day < (select closed_until at time zone coalesce((select timezone from forecast_calendar), 'UTC')
                from history_clock)::date
 order by day
"""


class FlowDay(NamedTuple):
    """What gates told of a lot's day."""

    day: date
    arrivals: int
    departures: int
    dwell_mean_min: float | None
    turnover: float | None
    full_arrivals: float | None
    failed_entries: int | None
    completeness: float
    simulated: bool


async def waiting(connection: Any) -> dict[str, int]:
    """Return how many bays, buckets and days are marked, at most 10,000 each."""
    return dict(await connection.fetchrow(_WAITING))


async def known_lots(connection: Any, lot_ids: Sequence[str]) -> set[str]:
    """Return those of some lots that are configured."""
    return {row["lot_id"] for row in await connection.fetch(_KNOWN, lot_ids)}


async def take(connection: Any, at_most: int) -> list[tuple[LotId, date]]:
    """Return marked days of lots, and unmark them in this transaction."""
    rows = await connection.fetch(_TAKE, at_most)
    return sorted((LotId(row["lot_id"]), row["day"]) for row in rows)


async def count(connection: Any, lot_id: LotId, day: date, timezone: str, least: int) -> None:
    """Count a lot's day; dwell times of fewer than `least` stays are left out."""
    await connection.execute(_COUNT, lot_id, day, timezone, least)


async def put_flow(connection: Any, lot_id: LotId, flow: FlowDay) -> None:
    """Store what gates told of a day that was counted."""
    await connection.execute(_PUT_FLOW, lot_id, *flow)


async def read(connection: Any, lot_id: str, begin: date, end: date) -> list[Day]:
    """Return a lot's days from one to before another, without the one that is not over."""
    return [Day(*row) for row in await connection.fetch(_READ, lot_id, begin, end)]

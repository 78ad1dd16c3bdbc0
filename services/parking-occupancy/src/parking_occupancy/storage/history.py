# SPDX-License-Identifier: EUPL-1.2
"""Buckets of lots: marked when they end or change, counted from observations, read in stretches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from parking_occupancy.domain.counted_past import KindPast
from parking_occupancy.domain.days import DAY
from parking_occupancy.domain.history import FINEST, WIDTHS, BayPast, Bucket, Span, floor
from parking_occupancy.domain.restrictions import PERSONAL_KINDS
from parking_occupancy.domain.sensors_past import Seen
from parking_occupancy.domain.track import Reading, SensorId
from stadttakt_messages.base import BayId, LotId

_CLOCK = "select closed_until from history_clock"
_FIRST = """
select least((select min(observed_at) from bay_event where observed_at > $1),
             (select min(observed_at) from gate_event where observed_at > $1))
"""
_SET_CLOCK = """
insert into history_clock (closed_until) values ($1)
    on conflict (only_row) do update set closed_until = excluded.closed_until
"""
_MARK_ALL = """
insert into lot_history_dirty (lot_id, start)
select lot_id, start
  from lot, generate_series($1::timestamptz, $2::timestamptz - $3::interval, $3::interval) as start
 where retired_at is null
    on conflict (lot_id, start) do update set marks = lot_history_dirty.marks + 1
"""
_MARK = """
insert into lot_history_dirty (lot_id, start)
select lot_id, start from unnest($1::text[], $2::timestamptz[]) as given (lot_id, start)
 order by lot_id, start
    on conflict (lot_id, start) do update set marks = lot_history_dirty.marks + 1
"""
# Also those that are being counted this moment, which have no row yet or an old one.
_MARK_FOLLOWING = """
insert into lot_history_dirty (lot_id, start)
select $1, start
  from (select start from lot_history where lot_id = $1 and width_s = $2 and start >= $3
         union
        select start from lot_history_dirty where lot_id = $1 and start >= $3
         union
        select generate_series($4::timestamptz, $5::timestamptz - $6::interval, $6::interval)
       ) as known
 order by start
    on conflict (lot_id, start) do update set marks = lot_history_dirty.marks + 1
"""
# Nothing is locked while buckets are counted: who marks them, live traffic, does not wait for it.
_TAKE = "select lot_id, start, marks from lot_history_dirty order by lot_id, start limit $1"
_UNMARK = """
with counted as (
    select lot_id, start from lot_history_dirty d
      join unnest($1::text[], $2::timestamptz[], $3::int[]) as given (lot_id, start, marks)
     using (lot_id, start)
     where d.marks = given.marks
     order by lot_id, start for update of d
)
delete from lot_history_dirty d using counted
 where (d.lot_id, d.start) = (counted.lot_id, counted.start)
"""
# Of a bay with several sensors all is read that may matter.
# Once a real sensor spoke of a bay, what simulated ones said counts no more.
_PAST = """
select b.bay_id, b.heartbeat_limit_s, l.grace_s, e.observed_at, e.reading, e.sensor
  from bay b
  join lot l using (lot_id)
  join bay_state s using (bay_id)
  left join lateral (
    (select observed_at, event_id, reading, sensor from bay_event
      where bay_id = b.bay_id and not superseded
        and simulated = s.newest_simulated and observed_at <= $2
        and observed_at > $2 - make_interval(secs => b.heartbeat_limit_s
                                * case when s.other_sensors is null then 1 else 2 end)
      order by observed_at desc, event_id desc
      limit case when s.other_sensors is null then 1 end)
     union all
    (select observed_at, event_id, reading, sensor from bay_event
      where bay_id = b.bay_id and not superseded
        and simulated = s.newest_simulated
        and observed_at > $2 and observed_at < $3)
  ) e on true
 where b.lot_id = $1 and b.bay_id = any($4::text[])
   and b.retired_at is null
 order by b.bay_id, e.observed_at, e.event_id
"""
# Also bays that were never heard: they take a place of their kind.
_ALL_PASTS = """
select b.bay_id, b.kind = 'general' as general, b.kind = any($4::text[]) as personal,
       b.heartbeat_limit_s, l.grace_s, e.observed_at, e.reading, e.sensor
  from bay b
  join lot l using (lot_id)
  left join bay_state s using (bay_id)
  left join lateral (
    (select observed_at, event_id, reading, sensor from bay_event
      where bay_id = b.bay_id and not superseded
        and simulated = s.newest_simulated and observed_at <= $2
        and observed_at > $2 - make_interval(secs => b.heartbeat_limit_s
                                * case when s.other_sensors is null then 1 else 2 end)
      order by observed_at desc, event_id desc
      limit case when s.other_sensors is null then 1 end)
     union all
    (select observed_at, event_id, reading, sensor from bay_event
      where bay_id = b.bay_id and not superseded
        and simulated = s.newest_simulated
        and observed_at > $2 and observed_at < $3)
  ) e on true
 where b.lot_id = $1 and b.retired_at is null
 order by b.bay_id, e.observed_at, e.event_id
"""
_WRITE = """
insert into lot_history (lot_id, width_s, start, free_mean, free_min, free_max, occupied_mean,
                         unknown_mean, completeness, known_share)
select $1, $2, start, free_mean, free_min, free_max, occupied_mean, unknown_mean, completeness,
       known_share
  from unnest($3::timestamptz[], $4::float8[], $5::int[], $6::int[], $7::float8[], $8::float8[],
              $9::float8[], $10::float8[])
    as given (start, free_mean, free_min, free_max, occupied_mean, unknown_mean, completeness,
              known_share)
    on conflict (lot_id, width_s, start) do update
   set (free_mean, free_min, free_max, occupied_mean, unknown_mean, completeness, known_share,
        changed_at)
     = (excluded.free_mean, excluded.free_min, excluded.free_max, excluded.occupied_mean,
        excluded.unknown_mean, excluded.completeness, excluded.known_share, now())
"""
# What older versions counted, they counted over the whole of each bucket.
_READ = """
select start, free_mean, free_min, free_max, occupied_mean, unknown_mean, completeness,
       coalesce(known_share, (completeness > 0)::int) as known_share
  from lot_history
 where lot_id = $1 and width_s = $2 and start >= $3 and start < $4
 order by start
"""
# Days that begin at another midnight than the zone's.
_STRAY_DAYS = """
select lot_id from lot known
 where exists (select from lot_history h
                where h.lot_id = known.lot_id and h.width_s = $1
                  and h.start <> (h.start at time zone $2)::date::timestamp at time zone $2)
 order by lot_id
"""
_DROP = (
    "delete from lot_history where lot_id = $1 and width_s = $2 and start = any($3::timestamptz[])"
)
_DROP_DAYS = "delete from lot_history where lot_id = $1 and width_s = $2"
LONGEST_PAST = timedelta(days=400)


class Marked(NamedTuple):
    """A finest bucket of a lot."""

    lot_id: LotId
    start: datetime


class Taken(NamedTuple):
    """A marked bucket, and how often it was marked when it was taken."""

    lot_id: LotId
    start: datetime
    marks: int


async def closed_until(connection: Any, now: datetime) -> datetime:
    """Return until when buckets were marked; at first, when the observations begin."""
    closed: datetime | None = await connection.fetchval(_CLOCK)
    if closed is not None:
        return closed
    first: datetime | None = await connection.fetchval(_FIRST, now - LONGEST_PAST)
    return floor(min(first or now, now), FINEST)


async def counted_until(connection: Any) -> datetime | None:
    """Return until when buckets were marked, none before the first time."""
    closed: datetime | None = await connection.fetchval(_CLOCK)
    return closed


async def close(connection: Any, since: datetime, until: datetime) -> None:
    """Mark all lots' buckets between two borders: they have ended."""
    await connection.execute(_MARK_ALL, since, until, FINEST)
    await connection.execute(_SET_CLOCK, until)


async def mark(connection: Any, marked: Iterable[Marked]) -> None:
    """Mark buckets that an observation came late for."""
    rows = sorted(set(marked))
    if rows:
        await connection.execute(_MARK, *zip(*rows, strict=True))


async def mark_following(connection: Any, lot_id: LotId, since: datetime, *, whole: Span) -> None:
    """Mark the buckets of a lot from a time on that are there, and all those within a stretch."""
    width_s = int(FINEST.total_seconds())
    await connection.execute(_MARK_FOLLOWING, lot_id, width_s, since, *whole, FINEST)


async def take(connection: Any, at_most: int) -> list[Taken]:
    """Return marked buckets in order; they stay marked until `unmark`."""
    return [Taken(*row) for row in await connection.fetch(_TAKE, at_most)]


async def unmark(connection: Any, counted: Sequence[Taken]) -> None:
    """Unmark buckets that were counted, unless they were marked once more meanwhile."""
    if counted:
        await connection.execute(_UNMARK, *zip(*counted, strict=True))


async def past_of(
    connection: Any, lot_id: LotId, start: datetime, end: datetime, bay_ids: Sequence[BayId]
) -> dict[BayId, BayPast]:
    """Return the observations that say what some bays of a lot were."""
    rows = await connection.fetch(_PAST, lot_id, start, end, bay_ids)
    return {bay_id: _past(found) for bay_id, found in _by_bay(rows).items()}


async def all_pasts_of(
    connection: Any, lot_id: LotId, start: datetime, end: datetime
) -> dict[BayId, KindPast]:
    """Return the pasts of all bays of a lot, of whatever kind."""
    rows = await connection.fetch(_ALL_PASTS, lot_id, start, end, sorted(PERSONAL_KINDS))
    return {
        bay_id: KindPast(_past(found), found[0]["general"], found[0]["personal"])
        for bay_id, found in _by_bay(rows).items()
    }


def _by_bay(rows: Iterable[Any]) -> dict[BayId, list[Any]]:
    found: dict[BayId, list[Any]] = {}
    for row in rows:
        found.setdefault(BayId(row["bay_id"]), []).append(row)
    return found


def _past(rows: Sequence[Any]) -> BayPast:
    limit, grace = (timedelta(seconds=rows[0][name]) for name in ("heartbeat_limit_s", "grace_s"))
    seen = [
        Seen(row["observed_at"], Reading(row["reading"]), SensorId(row["sensor"]))
        for row in rows
        if row["observed_at"] is not None
    ]
    return BayPast(limit, seen, grace)


async def write(
    connection: Any, lot_id: LotId, width: timedelta, buckets: Sequence[Bucket]
) -> None:
    """Store buckets in place of what was counted before."""
    if buckets:
        columns = zip(*buckets, strict=True)
        await connection.execute(_WRITE, lot_id, int(width.total_seconds()), *columns)


async def read(
    connection: Any, lot_id: str, width: timedelta, start: datetime, end: datetime
) -> list[Bucket]:
    """Return the buckets that begin from `start` to before `end`, in order."""
    rows = await connection.fetch(_READ, lot_id, int(width.total_seconds()), start, end)
    return [Bucket(*row) for row in rows]


async def drop(
    connection: Any, lot_id: LotId, width: timedelta, starts: Iterable[datetime]
) -> None:
    """Forget buckets of which nothing can be said any more."""
    gone = sorted(starts)
    if gone:
        await connection.execute(_DROP, lot_id, int(width.total_seconds()), gone)


async def lots_with_other_days(connection: Any, timezone: str) -> list[LotId]:
    """Return the lots that have days of another time zone."""
    rows = await connection.fetch(_STRAY_DAYS, int(DAY.total_seconds()), timezone)
    return [LotId(row["lot_id"]) for row in rows]


async def drop_days(connection: Any, lot_id: LotId) -> None:
    """Forget a lot's days; they are made of the finest buckets."""
    await connection.execute(_DROP_DAYS, lot_id, int(DAY.total_seconds()))


WIDER = tuple(width for width in WIDTHS.values() if width != FINEST)

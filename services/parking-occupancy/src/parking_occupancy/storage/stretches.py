# SPDX-License-Identifier: EUPL-1.2
"""Stretches of bays: marked like history, made anew from observations, one bay at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from parking_occupancy.domain.stays import MARGIN, Ending, Seen, Stretch
from parking_occupancy.domain.track import Reading, SensorId
from stadttakt_messages.base import BayId, LotId

NEAR = timedelta(days=120)
"""So long at most a reading holds, and so many days after a change are marked whatever is there."""

_CLOSE = """
insert into stay_dirty (bay_id, since)
select bay_id, min(observed_at) from bay_event join stay_kind k using (bay_id)
 where observed_at >= $1 and observed_at < $2 and not superseded
   and observed_at >= k.since and observed_at < k.until
 group by bay_id order by bay_id
    on conflict (bay_id) do update
   set since = least(stay_dirty.since, excluded.since), marks = stay_dirty.marks + 1
"""
_MARK = """
insert into stay_dirty (bay_id, since)
select bay_id, min(given.since)
  from unnest($1::text[], $2::timestamptz[]) as given (bay_id, since)
  join stay_kind k using (bay_id)
 where given.since >= k.since and given.since < k.until
 group by bay_id order by bay_id
    on conflict (bay_id) do update
   set since = least(stay_dirty.since, excluded.since), marks = stay_dirty.marks + 1
"""
# Nothing is locked meanwhile: who marks bays, live traffic, does not wait for it.
_TAKE = "select bay_id, since, marks from stay_dirty order by bay_id limit $1"
_UNMARK = """
with done as (
    select bay_id from stay_dirty d join unnest($1::text[], $2::int[]) as given (bay_id, marks)
     using (bay_id)
     where d.marks = given.marks
     order by bay_id for update of d
)
delete from stay_dirty d using done where d.bay_id = done.bay_id
"""
_BAYS = """
select b.bay_id, b.lot_id, b.heartbeat_limit_s, l.grace_s, s.newest_simulated,
       s.other_sensors is not null as several,
       exists (select from bay_stretch t
                where t.bay_id = b.bay_id and t.simulated <> s.newest_simulated) as turned_real
  from bay b join bay_state s using (bay_id) join lot l using (lot_id)
 where b.bay_id = any ($1::text[])
"""
# Nothing of the time in which the bay was a person's, by what is said of the state before neither.
_SEEN = """
select e.observed_at, e.event_id, e.reading,
       case when e.observed_at - make_interval(secs => e.previous_duration_s) >= k.since
            then e.previous_duration_s end,
       e.sensor
  from bay_event e
  join stay_kind k on k.bay_id = e.bay_id and e.observed_at >= k.since and e.observed_at < k.until
 where e.bay_id = $1 and e.simulated = $2 and not e.superseded
   and e.observed_at >= coalesce($3, '-infinity'::timestamptz)
"""
_RECENT = """
select occupied, begun_from, begun_to, ended_from, ended_to, ending
  from bay_stretch
 where bay_id = $1 and begun_to < $2
 order by begun_to desc, ended_from desc limit $3
"""
_DROP = "delete from bay_stretch where bay_id = $1 and ($2::timestamptz is null or begun_to >= $2)"
_WRITE = """
insert into bay_stretch (bay_id, simulated, occupied, begun_from, begun_to, ended_from, ended_to,
                         ending)
select $1, $2, * from unnest($3::bool[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
                             $7::timestamptz[], $8::text[])
    on conflict (bay_id, begun_to, occupied) do nothing
"""
# In one order and at the end of a transaction: others that count have marked days locked.
# Far from what changed only days that are there: a clock that stands in another year makes no years.
_MARK_DAYS = """
with given as materialized (
    select lot_id, (since at time zone $4)::date as first, (until at time zone $4)::date as last
      from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as given (lot_id, since, until)
)
insert into stay_day_dirty (lot_id, day)
select distinct lot_id, day
  from (select lot_id, day::date
          from given, generate_series(first, least(last, first + $5::int), '1 day') as day
         union all
        select lot_id, day from given join stay_day using (lot_id)
         where day > first + $5::int and day <= last
         union all
        select lot_id, day from given join stay_day_dirty using (lot_id)
         where day > first + $5::int and day <= last) as changed (lot_id, day)
 order by 1, 2
    on conflict (lot_id, day) do update set marks = stay_day_dirty.marks + 1
"""
# A day that is over is counted once more, as a whole.
_CLOSE_DAYS = """
insert into stay_day_dirty (lot_id, day)
select lot_id, day::date
  from (select coalesce((select timezone from forecast_calendar), 'UTC') as timezone) zone, lot,
       generate_series(($1::timestamptz at time zone timezone)::date,
                       ($2::timestamptz at time zone timezone)::date - 1, '1 day') as day
 where retired_at is null
 order by lot_id, day
    on conflict (lot_id, day) do update set marks = stay_day_dirty.marks + 1
"""


class DirtyBay(NamedTuple):
    """A bay whose stretches must be made anew from `since` on; all of them if it `turned_real`.

    Where `several` sensors speak, what one says may be contradicted within `grace`.
    """

    bay_id: BayId
    lot_id: LotId
    limit: timedelta
    simulated: bool
    turned_real: bool
    since: datetime
    several: bool
    grace: timedelta


class Changed(NamedTuple):
    """A lot's stays or flows may have changed from one time to another."""

    lot_id: LotId
    since: datetime
    until: datetime


class Taken(NamedTuple):
    """A marked bay, from when on, and how often it was marked when it was taken."""

    bay_id: BayId
    since: datetime
    marks: int


async def close(connection: Any, since: datetime, until: datetime) -> None:
    """Mark the bays that were heard between two times; never what was said of personal ones."""
    await connection.execute(_CLOSE, since, until)
    await connection.execute(_CLOSE_DAYS, since, until)


async def mark_late(connection: Any, late: Iterable[tuple[BayId, datetime]]) -> None:
    """Mark the bays of which something is said, or not any more, for a time that was closed already."""
    if marked := sorted(late):
        await connection.execute(_MARK, *zip(*marked, strict=True))


async def take(connection: Any, at_most: int) -> list[Taken]:
    """Return marked bays in order; they stay marked until `unmark`."""
    return [Taken(*row) for row in await connection.fetch(_TAKE, at_most)]


async def unmark(connection: Any, done: Sequence[Taken]) -> None:
    """Unmark bays whose stretches were made anew, unless they were marked once more meanwhile."""
    if done:
        bay_ids, marks = [each.bay_id for each in done], [each.marks for each in done]
        await connection.execute(_UNMARK, bay_ids, marks)


async def heard(connection: Any, taken: Sequence[Taken]) -> list[DirtyBay]:
    """Return what must be known of those of the marked bays that were ever heard."""
    since = {each.bay_id: each.since for each in taken}
    return [
        DirtyBay(
            BayId(row["bay_id"]),
            LotId(row["lot_id"]),
            timedelta(seconds=row["heartbeat_limit_s"]),
            row["newest_simulated"],
            row["turned_real"],
            since[row["bay_id"]],
            row["several"],
            timedelta(seconds=row["grace_s"]),
        )
        for row in await connection.fetch(_BAYS, sorted(since))
    ]


async def seen_since(connection: Any, bay: DirtyBay, since: datetime | None) -> list[Seen]:
    """Return a bay's observations from a time on, in no order; simulated ones if it is not real."""
    rows = await connection.fetch(_SEEN, bay.bay_id, bay.simulated, since)
    return [
        Seen(at, event_id, Reading(reading), told, SensorId(sensor))
        for at, event_id, reading, told, sensor in rows
    ]


async def recent(connection: Any, bay: DirtyBay, before: datetime) -> list[Stretch]:
    """Return the last stretches that began before a time, in order."""
    rows = await connection.fetch(_RECENT, bay.bay_id, before, MARGIN)
    return [Stretch(**{**row, "ending": Ending(row["ending"])}) for row in reversed(rows)]


async def replace(
    connection: Any, bay: DirtyBay, since: datetime | None, found: Sequence[Stretch]
) -> None:
    """Store stretches in place of those that began at a time or later, or of all."""
    await connection.execute(_DROP, bay.bay_id, since)
    if found:
        await connection.execute(_WRITE, bay.bay_id, bay.simulated, *zip(*found, strict=True))


async def mark_days(connection: Any, changed: Iterable[Changed], timezone: str) -> None:
    """Mark the days of lots in stretches of time."""
    rows = list(changed)
    if rows:
        await connection.execute(_MARK_DAYS, *zip(*rows, strict=True), timezone, NEAR.days)

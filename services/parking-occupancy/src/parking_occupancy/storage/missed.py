# SPDX-License-Identifier: EUPL-1.2
"""Observations in the decoder's view that did not arrive over the broker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

VIEW = "uplink.v1_observation"
DEVICES = "uplink.v1_device_health"

REREAD = 5_000
"""Sequences commit out of order: so many below the highest one seen are looked at again."""

_READABLE = """
select case when to_regclass($1) is null then false
            else has_schema_privilege('uplink', 'usage') and has_table_privilege($1, 'select') end
"""
_RETIRED = """
select dev_eui from uplink.v1_device_health
 where dev_eui = any($1::text[]) and status = 'retired' order by dev_eui
"""
_MARK = "select seq from catch_up where view_name = $1"
_SET_MARK = """
insert into catch_up (view_name, seq) values ($1, $2)
    on conflict (view_name) do update set seq = greatest(catch_up.seq, excluded.seq)
"""
_HIGHEST = """
select max(seq) from (select seq from uplink.v1_observation where seq > $1 order by seq limit $2) o
"""
_MISSED = """
select o.seq, o.kind, o.event_id, o.subject, o.asset_id, o.observed_at, o.simulated,
       o.corrects, o.superseded_at is not null as superseded, o.data, o.sensor
  from uplink.v1_observation o
  left join bay b on b.bay_id = o.asset_id and b.retired_at is null
 where o.seq > $1 and o.seq <= $2 and o.kind = 'bay-occupancy'
   and (b.bay_id is not null or $3)
   and not exists (select from bay_event e
                    where e.observed_at = o.observed_at and e.event_id = o.event_id)
 union all
select o.seq, o.kind, o.event_id, o.subject, o.asset_id, o.observed_at, o.simulated,
       o.corrects, false, o.data, o.sensor
  from uplink.v1_observation o
  left join lot l on l.lot_id = split_part(o.subject, '/', 2) and l.retired_at is null
   and l.balancing is not null
 where o.seq > $1 and o.seq <= $2 and o.kind = 'vehicle-count'
   and (l.lot_id is not null or $3)
   and not exists (select from gate_event e
                    where e.observed_at = o.observed_at and e.event_id = o.event_id)
"""
# What the broker brought is the same event written otherwise, and so has another digest.
_TOLD = """
select event_id from unnest($1::text[], $2::text[]) as given (topic, event_id)
 where exists (select from rejected r
                where r.topic = given.topic
                  and position(convert_to(given.event_id, 'UTF8') in r.payload) > 0)
"""
# Only of bays: a gate's count is replaced by its correction.
_SUPERSEDED = """
select o.seq, o.kind, o.event_id, o.subject, o.asset_id, o.observed_at, o.simulated,
       o.corrects, true as superseded, o.data, o.sensor, o.superseded_at
  from uplink.v1_observation o
  join bay b on b.bay_id = o.asset_id and b.retired_at is null
 where o.superseded_at >= $1 and (o.superseded_at, o.seq) > ($1, $2)
   and o.kind = 'bay-occupancy'
   and not exists (select from bay_event e
                    where e.observed_at = o.observed_at and e.event_id = o.event_id
                      and e.superseded)
 order by o.superseded_at, o.seq
 limit $3
"""
_SUPERSEDED_UNTIL = "select superseded_until from catch_up where view_name = $1"
_SET_SUPERSEDED_UNTIL = """
update catch_up set superseded_until = greatest(superseded_until, $2) where view_name = $1
"""
AT_ONCE = 5_000
REREAD_FOR = timedelta(minutes=10)
"""A replay's transactions, and the clocks of decoders, are no further apart."""
EVER = datetime(2000, 1, 1, tzinfo=UTC)

Position = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of sequences: above `after`, up to `until`; `is_last` when it reaches the end.

    `is_known`: the view was read before. What is in it at first of bays and gates that are not
    configured was never meant for this service.
    """

    after: int
    until: int
    is_last: bool
    is_known: bool


async def next_window(connection: Any, at_most: int) -> Window | None:
    """Return what to look at next; None where there is no view, or nothing in it."""
    if not await connection.fetchval(_READABLE, VIEW):
        return None
    mark = await connection.fetchval(_MARK, VIEW) or 0
    highest = await connection.fetchval(_HIGHEST, mark, at_most)
    after = max(0, mark - REREAD)
    if highest is None:
        return Window(after, mark, is_last=True, is_known=True) if mark else None
    return Window(after, highest, is_last=highest - mark < at_most, is_known=mark > 0)


async def fetch(connection: Any, window: Window) -> Sequence[Any]:
    """Return the observations of a window that are not stored here."""
    return list(await connection.fetch(_MISSED, window.after, window.until, window.is_known))


async def told(connection: Any, events: Iterable[tuple[str, str]]) -> set[str]:
    """Return which of these events, by topic and id, are in quarantine already."""
    rows = await connection.fetch(_TOLD, *zip(*events, strict=True))
    return {row["event_id"] for row in rows}


async def set_mark(connection: Any, seq: int) -> None:
    """Note the highest sequence seen."""
    await connection.execute(_SET_MARK, VIEW, seq)


async def superseded_since(connection: Any) -> Position | None:
    """Return from where on to look for what was superseded; None where there is no view."""
    if not await connection.fetchval(_READABLE, VIEW):
        return None
    until: datetime | None = await connection.fetchval(_SUPERSEDED_UNTIL, VIEW)
    return (until - REREAD_FOR if until else EVER), 0


async def superseded(connection: Any, after: Position) -> Sequence[Any]:
    """Return superseded observations of bays that are not marked so here, the oldest mark first."""
    return list(await connection.fetch(_SUPERSEDED, *after, AT_ONCE))


async def set_superseded_until(connection: Any, at: datetime) -> None:
    """Note until when what was superseded is marked here."""
    await connection.execute(_SET_SUPERSEDED_UNTIL, VIEW, at)


async def retired(connection: Any, sensors: Iterable[str]) -> list[str]:
    """Return which of these devices are out of service; none where there is no view."""
    wanted = sorted(set(sensors))
    if not wanted or not await connection.fetchval(_READABLE, DEVICES):
        return []
    return [row["dev_eui"] for row in await connection.fetch(_RETIRED, wanted)]

# SPDX-License-Identifier: EUPL-1.2
"""Observations in the decoder's view that did not arrive over the broker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

VIEW = "uplink.v1_observation"

REREAD = 5_000
"""Sequences commit out of order: so many below the highest one seen are looked at again."""

_READABLE = """
select case when to_regclass($1) is null then false
            else has_schema_privilege('uplink', 'usage') and has_table_privilege($1, 'select') end
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
       o.corrects, o.data
  from uplink.v1_observation o
  left join vehicle v on v.vehicle_id = split_part(o.subject, '/', 2) and v.retired_at is null
 where o.seq > $1 and o.seq <= $2 and o.kind = any ($3::text[])
   and (v.vehicle_id is not null or $4)
   and not exists (select from reading r
                    where r.observed_at = o.observed_at and r.event_id = o.event_id)
"""
# What the broker brought is the same event written otherwise, and so has another digest.
_TOLD = """
select topic, event_id from unnest($1::text[], $2::text[]) as given (topic, event_id)
 where exists (select from rejected r
                where r.topic = given.topic
                  and position(convert_to(given.event_id, 'UTF8') in r.payload) > 0)
"""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of sequences: above `after`, up to `until`; `is_last` when it reaches the end.

    `is_known`: the view was read before. What is in it at first of vehicles that are not
    configured was hardly meant for this service: only the stretch that is read again tells of it.
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


async def fetch(connection: Any, window: Window, kinds: Sequence[str]) -> Sequence[Any]:
    """Return the observations of a window that are not stored here."""
    return list(
        await connection.fetch(_MISSED, window.after, window.until, list(kinds), window.is_known)
    )


async def told(connection: Any, events: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return which of these events, by topic and id, are in quarantine already."""
    rows = await connection.fetch(_TOLD, *zip(*events, strict=True))
    return {(row["topic"], row["event_id"]) for row in rows}


async def set_mark(connection: Any, seq: int) -> None:
    """Note the highest sequence seen."""
    await connection.execute(_SET_MARK, VIEW, seq)

# SPDX-License-Identifier: EUPL-1.2
"""SQL of a series that is decoded anew: what is gone goes, also as the newest; never commits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from uplink_decoder.domain.series import SeriesPlace, SeriesRow
from uplink_decoder.storage import environment

# The times of a window lie close together: their range keeps other chunks out.
STORED = """
select e.asset_id, e.quantity, e.observed_at, e.event_id, e.value, e.unit, e.quality
from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[])
    as given (asset_id, quantity, observed_at, uplink_id)
join environment e using (asset_id, quantity, observed_at)
where left(e.event_id, 36) = given.uplink_id and e.observed_at between $5 and $6
"""

DELETE = """
delete from environment e
using unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[])
    as given (asset_id, quantity, observed_at, event_id)
where (e.asset_id, e.quantity, e.observed_at, e.event_id)
        = (given.asset_id, given.quantity, given.observed_at, given.event_id)
    and e.observed_at between $5 and $6
"""

# Locked first: the next statement then sees what a decoder wrote that we waited for.
LOCK_NEWEST = """
select known.asset_id, known.quantity
from environment_newest known
join unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[])
    as given (asset_id, quantity, observed_at, event_id)
    on (known.asset_id, known.quantity, known.observed_at, known.event_id)
        = (given.asset_id, given.quantity, given.observed_at, given.event_id)
order by known.asset_id, known.quantity
for update of known
"""

FIND_NEWEST = """
with over as (
    select * from unnest($1::text[], $2::text[]) as given (asset_id, quantity)
), found as (
    select over.asset_id, over.quantity, newest.*
    from over cross join lateral (
        select observed_at, event_id, value, unit, simulated from environment e
        where e.asset_id = over.asset_id and e.quantity = over.quantity and e.quality = 'good'
        order by observed_at desc, event_id desc limit 1
    ) as newest
), none_left as (
    delete from environment_newest known using over
    where (known.asset_id, known.quantity) = (over.asset_id, over.quantity)
        and not exists (
            select from found
            where (found.asset_id, found.quantity) = (known.asset_id, known.quantity)
        )
)
update environment_newest known
set observed_at = found.observed_at, event_id = found.event_id, value = found.value,
    unit = found.unit, simulated = found.simulated
from found
where (known.asset_id, known.quantity) = (found.asset_id, found.quantity)
"""
Key = tuple[Any, ...]


async def restate(
    connection: Any, earlier: Collection[SeriesPlace], wanted: Sequence[SeriesRow]
) -> int:
    """Make the rows of some uplinks what they shall be; return how many differed.

    `earlier` is where rows may be that are wanted no more. Newest values and roll-ups follow.
    """
    places = sorted({*earlier, *(row.place for row in wanted)})
    if not places:
        return 0
    rows = {row[:4]: row for row in wanted}
    stored: dict[Key, Key] = {
        tuple(found[:4]): tuple(found[4:])
        for found in await connection.fetch(STORED, *_columns(places), *_span(places))
    }
    gone = sorted(key for key in stored if key not in rows)
    written = [row for key, row in rows.items() if stored.get(key) != row[4:7]]
    if gone:
        await connection.execute(DELETE, *_columns(gone), *_span(gone))
        await environment.mark_dirty(connection, [key[:3] for key in gone])
    await environment.write(connection, written)
    over = sorted({*gone, *(row[:4] for row in written if row[:4] in stored)})
    if over:
        series = await connection.fetch(LOCK_NEWEST, *_columns(over))
        if series:
            await connection.execute(FIND_NEWEST, *_columns(series))
    return len(gone) + len(written)


def _span(keys: Sequence[Sequence[Any]]) -> tuple[Any, Any]:
    times = [key[2] for key in keys]
    return min(times), max(times)


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]

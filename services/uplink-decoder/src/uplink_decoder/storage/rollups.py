# SPDX-License-Identifier: EUPL-1.2
"""SQL of the roll-ups: marked buckets are computed anew from the raw rows; never commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from uplink_decoder.codecs.quantities import AVERAGED, Averaging

LOCK = 5_318_008_003
"""Advisory lock: two decoders that roll up the same bucket could leave the older result."""

TAKE_MARKS = """
with taken as (
    delete from environment_dirty
    where mark in (select mark from environment_dirty order by mark limit $1)
    returning asset_id, quantity, start
)
select asset_id, quantity, start from taken group by asset_id, quantity, start
"""

# Ordered, since a sum of floating-point numbers depends on their order. What lies before $4 lost
# its raw rows to retention: a bucket there is computed once and then stays.
ROLL_UP = """
with bucket as (
    select distinct marked.asset_id, marked.quantity, width.width_s,
        date_bin(make_interval(secs => width.width_s), marked.start, 'epoch'::timestamptz) as start
    from unnest($1::text[], $2::text[], $3::timestamptz[]) as marked (asset_id, quantity, start)
    cross join (values (900), (3600), (86400)) as width (width_s)
),
wanted as (
    select * from bucket
    where start >= $4 or not exists (
        select from environment_rollup as kept
        where (kept.asset_id, kept.width_s, kept.quantity, kept.start)
            = (bucket.asset_id, bucket.width_s, bucket.quantity, bucket.start)
    )
),
computed as (
    select wanted.asset_id, wanted.width_s, wanted.quantity, wanted.start, summary.*
    from wanted cross join lateral (
        select
            (array_agg(unit order by observed_at desc, event_id desc))[1] as unit,
            count(*) as count,
            case
                when wanted.quantity = any($5::text[]) then mod((degrees(atan2(
                    avg(sind(value) order by observed_at, event_id)
                        filter (where wanted.quantity = any($5)),
                    avg(cosd(value) order by observed_at, event_id)
                        filter (where wanted.quantity = any($5))
                )) + 360)::numeric, 360)::float8
                when wanted.quantity = any($6::text[]) then 10 * log(
                    avg(power(10::float8, value / 10) order by observed_at, event_id)
                        filter (where wanted.quantity = any($6))
                )
                else avg(value order by observed_at, event_id)
            end as mean,
            min(value) as min,
            max(value) as max,
            (array_agg(value order by observed_at, event_id))[1] as first,
            (array_agg(value order by observed_at desc, event_id desc))[1] as last,
            bool_or(simulated) as simulated
        from environment as raw
        where raw.asset_id = wanted.asset_id and raw.quantity = wanted.quantity
            and raw.observed_at >= wanted.start
            and raw.observed_at < wanted.start + make_interval(secs => wanted.width_s)
            and raw.quality = 'good'
    ) as summary
),
emptied as (
    delete from environment_rollup as kept using computed
    where computed.count = 0
        and (kept.asset_id, kept.width_s, kept.quantity, kept.start)
        = (computed.asset_id, computed.width_s, computed.quantity, computed.start)
)
insert into environment_rollup (
    asset_id, width_s, quantity, start, unit, count, mean, min, max, first, last, simulated
)
select asset_id, width_s, quantity, start, unit, count, mean, min, max, first, last, simulated
from computed where count > 0
on conflict (asset_id, width_s, quantity, start) do update
set unit = excluded.unit, count = excluded.count, mean = excluded.mean, min = excluded.min,
    max = excluded.max, first = excluded.first, last = excluded.last,
    simulated = excluded.simulated
"""


async def roll_up(connection: Any, *, marks: int, kept_since: datetime) -> int:
    """Compute anew the buckets of the oldest marks; return how many quarters of an hour.

    `kept_since`: raw rows before it may be gone. Returns 0 also while another process rolls up.
    """
    if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", LOCK):
        return 0
    taken = await connection.fetch(TAKE_MARKS, marks)
    if taken:
        columns = [[row[name] for row in taken] for name in ("asset_id", "quantity", "start")]
        circular, energetic = AVERAGED[Averaging.CIRCULAR], AVERAGED[Averaging.ENERGETIC]
        await connection.execute(ROLL_UP, *columns, kept_since, circular, energetic)
    return len(taken)


async def drop_raw(connection: Any, before: datetime) -> int:
    """Drop whole chunks of raw values older than a time; return how many chunks."""
    dropped = await connection.fetch(
        "select drop_chunks('environment', older_than => $1::timestamptz)", before
    )
    return len(dropped)

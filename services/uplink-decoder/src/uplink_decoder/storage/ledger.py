# SPDX-License-Identifier: EUPL-1.2
"""SQL of the ledger: each process writes its own sums; readers add them up; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from uplink_decoder.domain.ledger import Key, Line, hour_of

WRITE = """
insert into ledger (
    writer, run, hour, source_id, topic_class, received, stored, duplicate, quarantined, in_flight
)
select $1, $2, * from unnest(
    $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[]
)
on conflict (hour, source_id, topic_class, writer, run) do update set
    received = excluded.received, stored = excluded.stored, duplicate = excluded.duplicate,
    quarantined = excluded.quarantined, in_flight = excluded.in_flight
"""

# In the transaction that decides about a message, once: so these sums may be added to.
SHIFT = """
insert into ledger (
    writer, run, hour, source_id, topic_class, received, stored, duplicate, quarantined, in_flight
)
select 'retries', '00000000-0000-0000-0000-000000000000', given.hour, given.source_id,
    given.topic_class, 0, given.stored, given.duplicate, -(given.stored + given.duplicate), 0
from unnest($1::timestamptz[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
    as given (hour, source_id, topic_class, stored, duplicate)
on conflict (hour, source_id, topic_class, writer, run) do update set
    stored = ledger.stored + excluded.stored, duplicate = ledger.duplicate + excluded.duplicate,
    quarantined = ledger.quarantined + excluded.quarantined
"""

# A gap that the dead process already had stays one: only what it held is given back.
CLOSE = """
update ledger
set received = received - in_flight, returned = returned + in_flight, in_flight = 0
where writer = $1 and run <> $2 and in_flight <> 0
"""

SUMS = """
select hour, source_id as source, case when $4 then topic_class end as topic_class,
    sum(received)::bigint as received, sum(stored)::bigint as stored,
    sum(duplicate)::bigint as duplicate, sum(quarantined)::bigint as quarantined,
    sum(in_flight)::bigint as in_flight, sum(returned)::bigint as returned
from ledger
where hour >= date_trunc('hour', $1::timestamptz) and hour < $2
    and ($3::text is null or source_id = $3)
group by 1, 2, 3
order by 1, 2, 3
limit $5
"""

GAPS = """
select source_id, sum(abs(received - stored - duplicate - quarantined - in_flight))::bigint as gap
from ledger
where hour >= $1
group by 1
"""


async def write_lines(
    connection: Any, writer: str, run: uuid.UUID, lines: Mapping[Key, Line]
) -> None:
    """Replace the sums of a process's lines."""
    if not lines:
        return
    # In one order everywhere, so that two writers never wait for each other in a circle.
    ordered = sorted(lines.items())
    keys = [(hour_of(key), *key.account) for key, _ in ordered]
    rows = [(*key, *line) for key, (_, line) in zip(keys, ordered, strict=True)]
    await connection.execute(WRITE, writer, run, *map(list, zip(*rows, strict=True)))


async def shift(connection: Any, moved: Mapping[Key, tuple[int, int]]) -> None:
    """Count quarantined messages as stored, and as duplicates, from now on: so many of each key."""
    if moved:
        rows = [(hour_of(key), *key.account, *counts) for key, counts in sorted(moved.items())]
        await connection.execute(SHIFT, *map(list, zip(*rows, strict=True)))


async def close_dead(connection: Any, writer: str, run: uuid.UUID) -> int:
    """Give back what earlier processes of a writer held when they died; return lines changed."""
    done = await connection.execute(CLOSE, writer, run)
    return int(done.rpartition(" ")[2])


async def sums(
    connection: Any,
    *,
    since: datetime,
    until: datetime,
    source_id: str | None,
    by_class: bool,
    limit: int,
) -> list[Any]:
    """Return the sums of all processes by hour and source, or also by topic class."""
    rows: list[Any] = await connection.fetch(SUMS, since, until, source_id, by_class, limit)
    return rows


async def gaps(connection: Any, since: datetime) -> dict[str, int]:
    """Return per source how many messages are unaccounted for since a time."""
    rows = await connection.fetch(GAPS, since)
    return {row["source_id"]: row["gap"] for row in rows}


async def prune(connection: Any, before: datetime) -> None:
    """Forget hours before a time."""
    await connection.execute("delete from ledger where hour < $1", before)

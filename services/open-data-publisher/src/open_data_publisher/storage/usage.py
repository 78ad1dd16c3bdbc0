# SPDX-License-Identifier: EUPL-1.2
"""SQL of the usage statistics; never commits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from open_data_publisher.domain.usage import Key, Slot

# The commit of a batch may have reached the database although its answer did not reach us.
_CLAIM = """
insert into usage_writer (writer, written, written_at) values ($1, $2, $3)
on conflict (writer) do update set written = excluded.written, written_at = excluded.written_at
where usage_writer.written < excluded.written
"""
_ADD = """
insert into usage_day (day, kind, subject, client, requests)
select day, kind, subject, client, requests
from unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::bigint[])
    as given (day, kind, subject, client, requests)
on conflict (day, kind, subject, client) do update
set requests = usage_day.requests + excluded.requests
"""
_BETWEEN = """
select day, kind, subject, client, requests from usage_day
where day >= $1 and day < $2 and ($3::text is null or kind = $3)
    and ($4::text is null or subject = $4)
order by day, kind, subject, client
"""
_COUNTED = """
insert into usage_counted (day, slot, slots, counted_at) values ($1, $2, $3, $4)
on conflict (day, slot) do nothing
"""
_FORGET_WRITERS = "delete from usage_writer where written_at < $1"


async def add(
    connection: Any, writer: UUID, batch: int, counts: Mapping[Key, int], now: datetime
) -> None:
    """Add a process's batch of counts; the same batch again adds nothing."""
    if await connection.execute(_CLAIM, writer, batch, now) != "INSERT 0 1":
        return
    rows = [
        (key.day, key.subject.kind.value, key.subject.name, key.client.value, requests)
        for key, requests in counts.items()
    ]
    await connection.execute(_ADD, *zip(*rows, strict=True))


async def add_slot(connection: Any, slot: Slot, now: datetime) -> None:
    """Note that requests are counted now, whether there are any or not."""
    await connection.execute(_COUNTED, slot.day, slot.number, slot.slots, now)


async def between(
    connection: Any, since: date, until: date, *, kind: str | None, subject: str | None
) -> list[Any]:
    """Return the counts of days, `until` exclusive."""
    return list(await connection.fetch(_BETWEEN, since, until, kind, subject))


async def forget_writers(connection: Any, before: datetime) -> None:
    """Delete processes that wrote last before a moment."""
    await connection.execute(_FORGET_WRITERS, before)

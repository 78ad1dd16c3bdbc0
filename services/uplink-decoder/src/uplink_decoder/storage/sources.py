# SPDX-License-Identifier: EUPL-1.2
"""SQL of how each source's connection is; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from uplink_decoder.domain.source_health import Noted

# When it was last heard outlives the process that heard it.
NOTE = """
insert into source_state as known (
    source_id, writer, noted_at, connected, since, last_message_at, last_error, last_error_at,
    received, received_per_s, backlog
)
select * from unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::bool[], $5::timestamptz[], $6::timestamptz[],
    $7::text[], $8::timestamptz[], $9::bigint[], $10::float8[], $11::int[]
)
on conflict (source_id, writer) do update set
    noted_at = excluded.noted_at, connected = excluded.connected, since = excluded.since,
    last_message_at = greatest(known.last_message_at, excluded.last_message_at),
    last_error = coalesce(excluded.last_error, known.last_error),
    last_error_at = coalesce(excluded.last_error_at, known.last_error_at),
    received = excluded.received, received_per_s = excluded.received_per_s,
    backlog = excluded.backlog
"""

READ = """
select source_id, writer, noted_at, connected, since, last_message_at, last_error, last_error_at,
    received, received_per_s, backlog
from source_state
order by source_id, writer
"""


async def note(connection: Any, notes: Sequence[Noted]) -> None:
    """Write what this decoder sees of its sources."""
    if notes:
        ordered = sorted(notes)
        await connection.execute(NOTE, *(list(column) for column in zip(*ordered, strict=True)))


async def read(connection: Any) -> dict[str, list[Noted]]:
    """Return what all decoders noted, by source."""
    found: dict[str, list[Noted]] = {}
    for row in await connection.fetch(READ):
        found.setdefault(row["source_id"], []).append(Noted(*row))
    return found


async def prune(connection: Any, before: datetime) -> None:
    """Forget what decoders noted that are long gone."""
    await connection.execute("delete from source_state where noted_at < $1", before)

# SPDX-License-Identifier: EUPL-1.2
"""SQL of the fetches from a server's storage: their life, progress, and the gaps; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

FIELDS = """
    backfill_id, source_id, reason, requested_at, requested_by, from_at, to_at, state, detail,
    position, fetched, missing, broken, attempts, next_attempt_at, devices, device_index,
    started_at, updated_at, finished_at
"""

# An automatic fetch that is still open goes on to the end of the new gap.
OPEN_GAP = f"""
insert into backfill (
    backfill_id, source_id, reason, requested_at, requested_by, from_at, to_at, state,
    next_attempt_at
) values ($1, $2, $3, $4, 'decoder', $5, $4, 'queued', $6)
on conflict (source_id) where reason <> 'request' and state in ('queued', 'running', 'waiting')
do update set to_at = greatest(backfill.to_at, excluded.to_at), updated_at = now()
returning {FIELDS}
"""  # noqa: S608 (constant parts only)

REQUEST = f"""
insert into backfill (
    backfill_id, source_id, reason, requested_at, requested_by, from_at, to_at, devices, state,
    next_attempt_at
) values ($1, $2, 'request', $3, $4, $5, $6, $7, 'queued', $3)
returning {FIELDS}
"""  # noqa: S608

HEARD_UP_TO = """
insert into backfill_position (source_id, received_at) values ($1, $2)
on conflict (source_id) do update
set received_at = greatest(backfill_position.received_at, excluded.received_at)
"""

LIST = f"""
select {FIELDS} from backfill
where (requested_at, backfill_id) < ($1, $2) and ($3::text is null or source_id = $3)
    and ($4::text is null or state = $4)
order by requested_at desc, backfill_id desc limit $5
"""  # noqa: S608

ONE = f"select {FIELDS} from backfill where backfill_id = $1"  # noqa: S608

# What a dead decoder of the same name had claimed is taken up at once, another's after a while.
CLAIM = f"""
update backfill
set state = 'running', claimed_by = $2, claimed_until = $3::timestamptz + interval '2 minutes',
    started_at = coalesce(started_at, $3), updated_at = now()
where backfill_id = (
    select backfill_id from backfill
    where source_id = $1 and state in ('queued', 'running', 'waiting')
        and coalesce(next_attempt_at, $3) <= $3
        and (claimed_by is null or claimed_by = $2 or claimed_until < $3)
    order by requested_at limit 1 for update skip locked
)
returning {FIELDS}
"""  # noqa: S608

ADVANCE = f"""
update backfill
set position = $2, fetched = fetched + $3, missing = missing + $4, broken = broken + $5,
    attempts = 0, detail = null, claimed_until = $6::timestamptz + interval '2 minutes',
    updated_at = now()
where backfill_id = $1
returning {FIELDS}
"""  # noqa: S608

NEXT_DEVICE = f"""
update backfill set device_index = device_index + 1, position = null, updated_at = now()
where backfill_id = $1 and state = 'running'
returning {FIELDS}
"""  # noqa: S608

LATER = """
update backfill
set state = 'waiting', attempts = attempts + 1, next_attempt_at = $2, detail = $3,
    claimed_by = null, updated_at = now()
where backfill_id = $1 and state = 'running'
"""

# One whose end was moved on meanwhile is not done yet.
DONE = """
update backfill
set state = 'done', finished_at = $3, detail = null, claimed_by = null, updated_at = now()
where backfill_id = $1 and state = 'running' and to_at <= $2
returning source_id, reason, to_at
"""

FAIL = """
update backfill
set state = 'failed', finished_at = $3, detail = $2, claimed_by = null, updated_at = now()
where backfill_id = $1 and state = 'running'
"""

# Taken up again it is somebody's request: the source may have another automatic one by now.
MOVE = f"""
update backfill
set state = $2, reason = case when $2 = 'queued' then 'request' else reason end,
    detail = null, attempts = 0, next_attempt_at = $4::timestamptz, claimed_by = null,
    finished_at = case when $2 = 'queued' then null else $4::timestamptz end, updated_at = now()
where backfill_id = $1 and state = any($3)
returning {FIELDS}
"""  # noqa: S608


class Request(NamedTuple):
    """What somebody wants fetched; no devices are all of the application."""

    source_id: str
    requested_by: str
    from_at: datetime
    to_at: datetime
    devices: Sequence[str] = ()


async def position(connection: Any, source_id: str) -> datetime | None:
    """Return up to which time of receipt a source's messages are here; nothing at its first start."""
    found: datetime | None = await connection.fetchval(
        "select received_at from backfill_position where source_id = $1", source_id
    )
    return found


async def note_position(connection: Any, source_id: str, at: datetime) -> None:
    """Note that everything of a source up to a time is here; a position never goes back."""
    await connection.execute(HEARD_UP_TO, source_id, at)


async def open_gap(
    connection: Any, source_id: str, reason: str, *, since: datetime, now: datetime, due: datetime
) -> Any:
    """Queue the fetch of a gap that ends now, or let one that is open go on until now."""
    return await connection.fetchrow(OPEN_GAP, uuid.uuid4(), source_id, reason, now, since, due)


async def create(connection: Any, request: Request, now: datetime) -> Any:
    """Queue a fetch that somebody asked for, and return it."""
    return await connection.fetchrow(
        REQUEST,
        uuid.uuid4(),
        request.source_id,
        now,
        request.requested_by,
        request.from_at,
        request.to_at,
        list(request.devices),
    )


async def list_backfills(
    connection: Any,
    *,
    before: tuple[datetime, uuid.UUID],
    source_id: str | None,
    state: str | None,
    limit: int,
) -> list[Any]:
    """Return fetches, the newest first."""
    rows: list[Any] = await connection.fetch(LIST, *before, source_id, state, limit)
    return rows


async def get(connection: Any, backfill_id: uuid.UUID) -> Any | None:
    """Return one fetch, or nothing."""
    return await connection.fetchrow(ONE, backfill_id)


async def claim(connection: Any, source_id: str, instance: str, now: datetime) -> Any | None:
    """Take the oldest fetch of a source that is due, for a while; nothing where there is none."""
    return await connection.fetchrow(CLAIM, source_id, instance, now)


async def advance(
    connection: Any,
    backfill_id: uuid.UUID,
    position: datetime | None,
    *,
    counts: tuple[int, int, int],
    now: datetime,
) -> Any | None:
    """Write how far a fetch is and what it found (fetched, missing, broken).

    Returns nothing where somebody cancelled it meanwhile.
    """
    row = await connection.fetchrow(ADVANCE, backfill_id, position, *counts, now)
    return row if row and row["state"] == "running" else None


async def next_device(connection: Any, backfill_id: uuid.UUID) -> Any | None:
    """Go on to a fetch's next device; nothing where it is not to go on."""
    return await connection.fetchrow(NEXT_DEVICE, backfill_id)


async def later(connection: Any, backfill_id: uuid.UUID, at: datetime, why: str) -> None:
    """Let a fetch wait for a time."""
    await connection.execute(LATER, backfill_id, at, why)


async def finish(connection: Any, backfill_id: uuid.UUID, to_at: datetime, now: datetime) -> bool:
    """End a fetch that has come to `to_at`; false where its end has moved on.

    What was fetched for a gap need not be fetched at the next one.
    """
    row = await connection.fetchrow(DONE, backfill_id, to_at, now)
    if row is None:
        return False
    if row["reason"] != "request":
        await note_position(connection, row["source_id"], row["to_at"])
    return True


async def fail(connection: Any, backfill_id: uuid.UUID, why: str, now: datetime) -> None:
    """End a fetch that cannot go on."""
    await connection.execute(FAIL, backfill_id, why, now)


async def move(
    connection: Any, backfill_id: uuid.UUID, *, to: str, of: Sequence[str], now: datetime
) -> Any | None:
    """Bring a fetch from one of these states to another; return it, or nothing."""
    return await connection.fetchrow(MOVE, backfill_id, to, list(of), now)


def progress(row: Any) -> float:
    """Return the share of a fetch's period that is done, over all its devices."""
    if row["state"] == "done":
        return 1.0
    span = (row["to_at"] - row["from_at"]).total_seconds()
    at = ((row["position"] or row["from_at"]) - row["from_at"]).total_seconds()
    done: float = row["device_index"] + min(1.0, max(0.0, at / span))
    return min(1.0, done / max(1, len(row["devices"])))

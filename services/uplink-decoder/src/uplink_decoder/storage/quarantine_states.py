"""SQL of what becomes of quarantined messages, each step with its author; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

# A discarded message stays so, whatever a replay says of it.
HOLD_UPLINKS = """
insert into quarantine (
    quarantine_id, received_at, last_received_at, source_id, topic, payload, reason, detail,
    dev_eui, uplink_id, codec_id, codec_version
)
select u.uplink_id, u.received_at, u.received_at, u.source_id, 'replay/' || u.source_id, u.raw,
    'codec_error', given.detail, u.dev_eui, u.uplink_id, given.codec_id, given.codec_version
from unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::text[], $5::int[])
    as given (observed_at, uplink_id, detail, codec_id, codec_version)
join uplink u on u.observed_at = given.observed_at and u.uplink_id = given.uplink_id
on conflict (quarantine_id) do update
set reason = excluded.reason, detail = excluded.detail, codec_id = excluded.codec_id,
    codec_version = excluded.codec_version,
    state = case when quarantine.state = 'discarded' then 'discarded' else 'open' end
"""

MOVE = """
with moved as (
    update quarantine set state = $2, changed_at = now(),
        retries = retries + case when $2 = 'retried' then 1 else 0 end
    where quarantine_id = any($1::uuid[]) and state = any($3::text[])
    returning quarantine_id, reason, detail
)
insert into quarantine_event (quarantine_id, action, author, author_role, note, reason, detail)
select quarantine_id, $2, $4, $5, $6, reason, detail from moved
returning quarantine_id
"""

STILL_FAILING = """
with failed as (
    update quarantine set state = 'open', changed_at = now(), reason = given.reason,
        detail = given.detail
    from unnest($1::uuid[], $2::text[], $3::text[]) as given (id, reason, detail)
    where quarantine_id = given.id and state = 'retried'
    returning quarantine_id, quarantine.reason, quarantine.detail
)
insert into quarantine_event (quarantine_id, action, author, reason, detail)
select quarantine_id, 'failed', $4, reason, detail from failed
"""


class HeldUplink(NamedTuple):
    """A stored uplink that its codec refuses."""

    observed_at: datetime
    uplink_id: uuid.UUID
    detail: str
    codec_id: str | None
    codec_version: int | None


async def hold_uplinks(connection: Any, held: Sequence[HeldUplink]) -> None:
    """Quarantine stored uplinks that their codec refuses, with their stored bytes."""
    if held:
        columns = [list(column) for column in zip(*held, strict=True)]
        await connection.execute(HOLD_UPLINKS, *columns)


async def move(  # noqa: PLR0913 (an audited step: what, whence, who and why)
    connection: Any,
    ids: Sequence[uuid.UUID],
    *,
    to: str,
    of: Sequence[str],
    author: str,
    author_role: str | None = None,
    note: str | None = None,
) -> list[uuid.UUID]:
    """Bring messages from one of these states to another; return those that were in one."""
    if not ids:
        return []
    rows = await connection.fetch(MOVE, ids, to, list(of), author, author_role, note)
    return [row["quarantine_id"] for row in rows]


async def resolve(connection: Any, ids: Sequence[uuid.UUID], *, author: str) -> None:
    """Note that messages were understood after all."""
    await move(connection, ids, to="resolved", of=["open", "retried"], author=author)


async def still_failing(
    connection: Any, failed: Sequence[tuple[uuid.UUID, str, str]], *, author: str
) -> None:
    """Note that retried messages failed again: id, reason, detail."""
    if failed:
        columns = [list(column) for column in zip(*failed, strict=True)]
        await connection.execute(STILL_FAILING, *columns, author)

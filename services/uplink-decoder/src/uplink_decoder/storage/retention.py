# SPDX-License-Identifier: EUPL-1.2
"""SQL of forgetting: whole chunks of hypertables, old quarantined messages, old reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

# Who decided what stays longer than the bytes; uplinks keep theirs in their own table.
ERASE = """
with erased as (
    update quarantine
    set payload_bytes = octet_length(payload), payload = '', erased_at = now(),
        state = case state when 'open' then 'expired' else state end
    where last_received_at < $1 and erased_at is null
    returning quarantine_id, state, reason, detail
), noted as (
    insert into quarantine_event (quarantine_id, action, author, note, reason, detail)
    select quarantine_id, 'erased', 'decoder', state, reason, detail from erased
)
select count(*) from erased
"""

PURGE_QUARANTINE = """
with gone as (
    delete from quarantine where erased_at < $1 returning quarantine_id
), history as (
    delete from quarantine_event where quarantine_id in (select quarantine_id from gone)
), suspects as (
    delete from suspect where first_seen < $1
)
select count(*) from gone
"""

PURGE_REPLAYS = """
with gone as (
    delete from replay where finished_at < $1 and unpublished_from is null returning replay_id
), examples as (
    delete from replay_difference where replay_id in (select replay_id from gone)
)
select count(*) from gone
"""


async def drop_chunks(connection: Any, *, table: str, before: datetime) -> int:
    """Drop the chunks of one of our hypertables that end before a time; return how many."""
    rows = await connection.fetch(
        "select drop_chunks($1::regclass, $2::timestamptz)", table, before
    )
    return len(rows)


async def erase_quarantined(connection: Any, before: datetime) -> int:
    """Erase the bytes of messages last received before a time; return how many."""
    return int(await connection.fetchval(ERASE, before))


async def purge_quarantine(connection: Any, before: datetime) -> int:
    """Forget messages erased before a time, and who decided about them; return how many."""
    return int(await connection.fetchval(PURGE_QUARANTINE, before))


async def purge_replays(connection: Any, before: datetime) -> int:
    """Forget replays that ended before a time, with their reports; return how many."""
    return int(await connection.fetchval(PURGE_REPLAYS, before))

# SPDX-License-Identifier: EUPL-1.2
"""SQL of what becomes of quarantined messages, each step with its author; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from uplink_decoder.domain.selection import Selection
from uplink_decoder.storage.quarantine import conditions, placeholders

# A discarded message stays so, whatever a replay says of it.
HOLD_KNOWN = """
update quarantine
set reason = given.reason, detail = given.detail, codec_id = given.codec_id,
    codec_version = given.codec_version, changed_at = now(),
    state = case quarantine.state when 'discarded' then 'discarded' else 'open' end
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[])
    as given (uplink_id, reason, detail, codec_id, codec_version)
where quarantine.uplink_id = given.uplink_id
returning quarantine.uplink_id
"""

# Counted as stored when they came, and not counted again: no ledger_class.
HOLD_NEW = """
insert into quarantine (
    quarantine_id, received_at, last_received_at, source_id, topic, payload, reason, detail,
    dev_eui, uplink_id, codec_id, codec_version
)
select u.uplink_id, u.received_at, u.received_at, u.source_id, 'replay/' || u.source_id, u.raw,
    given.reason, given.detail, u.dev_eui, u.uplink_id, given.codec_id, given.codec_version
from unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[])
    as given (observed_at, uplink_id, reason, detail, codec_id, codec_version)
join uplink u on u.observed_at = given.observed_at and u.uplink_id = given.uplink_id
on conflict (quarantine_id) do nothing
"""

OPEN_OF_UPLINKS = """
select quarantine_id, last_received_at, source_id, ledger_class from quarantine
where uplink_id = any($1::uuid[]) and state = 'open' for update
"""

SETTLE = """
with settled as (
    update quarantine q
    set state = given.state, changed_at = now(), retries = q.retries + given.attempts,
        reason = coalesce(given.reason, q.reason), detail = coalesce(given.detail, q.detail),
        dev_eui = coalesce(given.dev_eui, q.dev_eui),
        uplink_id = coalesce(given.uplink_id, q.uplink_id),
        codec_id = coalesce(given.codec_id, q.codec_id),
        codec_version = coalesce(given.codec_version, q.codec_version),
        ledger_class = case given.state when 'open' then q.ledger_class end
    from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::uuid[],
        $8::text[], $9::int[]) as given (quarantine_id, state, attempts, reason, detail, dev_eui,
        uplink_id, codec_id, codec_version)
    where q.quarantine_id = given.quarantine_id and q.state = 'open'
    returning q.quarantine_id, q.state, q.reason, q.detail
)
insert into quarantine_event (quarantine_id, action, author, author_role, note, reason, detail)
select quarantine_id, case state when 'open' then 'failed' else state end, $10, $11, $12, reason,
    detail
from settled
"""

DISCARD = """
with discarded as (
    update quarantine set state = 'discarded', changed_at = now()
    where {where} and state = 'open' returning quarantine_id, reason, detail
), noted as (
    insert into quarantine_event (quarantine_id, action, author, author_role, note, reason, detail)
    select quarantine_id, 'discarded', $1, $2, $3, reason, detail from discarded
)
select count(*) from discarded
"""


class HeldUplink(NamedTuple):
    """A stored uplink that its codec refuses."""

    observed_at: datetime
    uplink_id: uuid.UUID
    reason: str
    detail: str
    codec_id: str | None
    codec_version: int | None


class Settled(NamedTuple):
    """What became of a message; `reason` and `detail` of nothing leave what is there."""

    quarantine_id: uuid.UUID
    state: str
    attempts: int = 0
    reason: str | None = None
    detail: str | None = None
    dev_eui: str | None = None
    uplink_id: uuid.UUID | None = None
    codec_id: str | None = None
    codec_version: int | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Who decided about messages, in which role and why."""

    author: str
    author_role: str | None = None
    note: str | None = None


async def hold_uplinks(connection: Any, held: Sequence[HeldUplink]) -> None:
    """Quarantine stored uplinks that their codec refuses, with their stored bytes."""
    if not held:
        return
    _, *columns = _columns(held)
    rows = await connection.fetch(HOLD_KNOWN, *columns)
    known = {row["uplink_id"] for row in rows}
    fresh = [each for each in held if each.uplink_id not in known]
    if fresh:
        await connection.execute(HOLD_NEW, *_columns(fresh))


async def open_of_uplinks(connection: Any, ids: Sequence[uuid.UUID]) -> list[Any]:
    """Return the open messages of these uplinks, locked."""
    rows: list[Any] = await connection.fetch(OPEN_OF_UPLINKS, ids) if ids else []
    return rows


async def settle(connection: Any, settled: Sequence[Settled], author: Author) -> None:
    """Write what became of open messages, and who saw to it."""
    if settled:
        await connection.execute(
            SETTLE, *_columns(settled), author.author, author.author_role, author.note
        )


async def discard(connection: Any, selection: Selection, author: Author) -> int:
    """Give up open messages for good, with author and reason; return how many."""
    arguments: list[Any] = [author.author, author.author_role, author.note]
    where = " and ".join(conditions(selection, placeholders(arguments)))
    return int(await connection.fetchval(DISCARD.format(where=where or "true"), *arguments))


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]

# SPDX-License-Identifier: EUPL-1.2
"""What gates said, anchors, corrections, and balances with their checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from parking_occupancy.domain.balance import (
    Anchor,
    Balance,
    Cause,
    Correction,
    Entry,
    key_of,
)
from parking_occupancy.domain.gate import GateCount, Passed
from parking_occupancy.storage.balance_rows import of_balance, to_balance
from stadttakt_messages.base import LotId

_INSERT = """
insert into gate_event (observed_at, event_id, lot_id, gate, mode, count_in, count_out, inside,
                        simulated, corrects, source, uplink_id, codec_id, codec_version,
                        received_at)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[],
                     $6::bigint[], $7::bigint[], $8::bigint[], $9::bool[], $10::text[],
                     $11::text[], $12::uuid[], $13::text[], $14::int[], $15::timestamptz[])
    on conflict do nothing
returning observed_at, event_id
"""
_INSERT_ANCHORS = """
insert into count_anchor (lot_id, at, anchor_id, cause, lowest, highest)
select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::int[], $6::int[])
    on conflict do nothing
"""
_DROP_ANCHOR = "delete from count_anchor where (lot_id, at, anchor_id) = ($1, $2, $3)"
_EVENTS = """
select observed_at, event_id, lot_id, gate, mode, count_in, count_out, inside, simulated
  from gate_event e
 where lot_id = $1 and ($2::timestamptz is null or observed_at >= $2)
   and ($3::timestamptz is null or observed_at < $3)
   and not exists (select from gate_event later
                    where (later.lot_id, later.observed_at) = (e.lot_id, e.observed_at)
                      and later.corrects = e.event_id)
"""
_ANCHORS = """
select lot_id, at, anchor_id, cause, lowest, highest
  from count_anchor
 where lot_id = $1 and ($2::timestamptz is null or at >= $2)
   and ($3::timestamptz is null or at < $3)
"""
_STATES = "select lot_id, balance from count_state"
_WRITE_STATES = """
insert into count_state (lot_id, balance)
select lot_id, balance::jsonb from unnest($1::text[], $2::text[]) as given (lot_id, balance)
 order by lot_id
    on conflict (lot_id) do update set balance = excluded.balance
"""
_CHECKPOINT = """
select until, balance from count_checkpoint
 where lot_id = $1 and until <= $2 order by until desc limit 1
"""
_DROP_CHECKPOINTS = "delete from count_checkpoint where lot_id = $1 and until > $2"
_WRITE_CHECKPOINTS = """
insert into count_checkpoint (lot_id, until, balance)
select $1, until, balance::jsonb
  from unnest($2::timestamptz[], $3::text[]) as given (until, balance)
    on conflict (lot_id, until) do update set balance = excluded.balance
"""
# An index range; where no full hour was passed for longer than a day some stay, and harm nobody.
_THIN_CHECKPOINTS = """
delete from count_checkpoint
 where lot_id = $1 and until between $2::timestamptz - interval '1 day' and $2
   and until <> date_trunc('hour', until, 'UTC')
"""
_DROP_CORRECTIONS = """
delete from count_correction where lot_id = $1 and ($2::timestamptz is null or at >= $2)
"""
_WRITE_CORRECTIONS = """
insert into count_correction (lot_id, at, ref, cause, amount, gate, drift, simulated)
select $1, at, ref, cause, amount, gate, drift, $8
  from unnest($2::timestamptz[], $3::text[], $4::text[], $5::int[], $6::text[], $7::bool[])
    as given (at, ref, cause, amount, gate, drift)
    on conflict (lot_id, at, ref, cause) do update
   set amount = excluded.amount, gate = excluded.gate, drift = excluded.drift,
       simulated = excluded.simulated
"""


@dataclass(frozen=True, slots=True)
class GateEvent:
    """A gate's count and what else came with it."""

    count: GateCount
    source: str
    received_at: datetime
    uplink_id: UUID | None = None
    codec_id: str | None = None
    codec_version: int | None = None
    traceparent: str | None = None


async def insert(connection: Any, events: Sequence[GateEvent]) -> set[tuple[datetime, str]]:
    """Store counts; return the times and ids of those that were not there yet."""
    rows = sorted(map(_row, events), key=lambda row: row[:2])
    stored = await connection.fetch(_INSERT, *zip(*rows, strict=True))
    return {(row["observed_at"], row["event_id"]) for row in stored}


def _row(event: GateEvent) -> tuple[Any, ...]:
    count = event.count
    return (
        count.observed_at,
        count.event_id,
        count.lot_id,
        count.gate,
        count.mode,
        count.counted.inwards,
        count.counted.outwards,
        count.inside,
        count.simulated,
        count.corrects,
        event.source,
        event.uplink_id,
        event.codec_id,
        event.codec_version,
        event.received_at,
    )


async def insert_anchors(connection: Any, anchors: Iterable[Anchor]) -> None:
    """Store anchors; those that are there already stay as they are."""
    rows = [(a.lot_id, a.at, a.anchor_id, a.cause.value, a.lowest, a.highest) for a in anchors]
    await connection.execute(_INSERT_ANCHORS, *zip(*rows, strict=True))


async def drop_anchor(connection: Any, anchor: Anchor) -> None:
    """Take an anchor back."""
    await connection.execute(_DROP_ANCHOR, anchor.lot_id, anchor.at, anchor.anchor_id)


async def entries(
    connection: Any, lot_id: LotId, since: datetime | None, before: datetime | None = None
) -> list[Entry]:
    """Return a lot's counts and anchors from one time to before another, in their order."""
    events = await connection.fetch(_EVENTS, lot_id, since, before)
    anchors = await connection.fetch(_ANCHORS, lot_id, since, before)
    # Of a month hundreds of thousands: seconds, in which others have their turn.
    return await asyncio.to_thread(_in_order, events, anchors)


def _in_order(events: Iterable[Any], anchors: Iterable[Any]) -> list[Entry]:
    return sorted([*map(_count, events), *map(_anchor, anchors)], key=key_of)


def _count(row: Any) -> GateCount:
    return GateCount(
        event_id=row["event_id"],
        lot_id=LotId(row["lot_id"]),
        gate=row["gate"],
        observed_at=row["observed_at"],
        mode=row["mode"],
        counted=Passed(row["count_in"], row["count_out"]),
        inside=row["inside"],
        simulated=row["simulated"],
    )


def _anchor(row: Any) -> Anchor:
    return Anchor(
        anchor_id=row["anchor_id"],
        lot_id=LotId(row["lot_id"]),
        at=row["at"],
        cause=Cause(row["cause"]),
        lowest=row["lowest"],
        highest=row["highest"],
    )


async def states(connection: Any) -> dict[LotId, Balance]:
    """Return the balances of all lots."""
    rows = await connection.fetch(_STATES)
    return {LotId(row["lot_id"]): to_balance(row["balance"]) for row in rows}


async def write_states(connection: Any, balances: Mapping[LotId, Balance]) -> None:
    """Store balances."""
    texts = [of_balance(balance) for balance in balances.values()]
    await connection.execute(_WRITE_STATES, list(balances), texts)


async def checkpoint(
    connection: Any, lot_id: LotId, at: datetime
) -> tuple[datetime, Balance] | None:
    """Return the last checkpoint at or before a time, and what it is the balance until."""
    row = await connection.fetchrow(_CHECKPOINT, lot_id, at)
    return (row["until"], to_balance(row["balance"])) if row else None


async def forget_since(
    connection: Any, lot_id: LotId, late: datetime, since: datetime | None
) -> None:
    """Drop the checkpoints that a late entry makes wrong, and the corrections from a time on."""
    await connection.execute(_DROP_CHECKPOINTS, lot_id, late)
    await connection.execute(_DROP_CORRECTIONS, lot_id, since)


async def write_checkpoints(
    connection: Any, lot_id: LotId, found: Mapping[datetime, Balance]
) -> None:
    """Store checkpoints."""
    if found:
        texts = [of_balance(balance) for balance in found.values()]
        await connection.execute(_WRITE_CHECKPOINTS, lot_id, list(found), texts)


async def thin_checkpoints(connection: Any, lot_id: LotId, before: datetime) -> None:
    """Drop the checkpoints of before a time that are not of a full hour."""
    await connection.execute(_THIN_CHECKPOINTS, lot_id, before)


async def write_corrections(
    connection: Any, lot_id: LotId, found: Sequence[Correction], *, simulated: bool
) -> None:
    """Store corrections."""
    if found:
        rows = [(c.at, c.ref, c.cause.value, c.amount, c.gate, c.drift) for c in found]
        columns = zip(*rows, strict=True)
        await connection.execute(_WRITE_CORRECTIONS, lot_id, *columns, simulated)

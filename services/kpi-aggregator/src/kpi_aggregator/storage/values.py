# SPDX-License-Identifier: EUPL-1.2
"""Values: proposed, decided on, never changed; the newest approved one of a period holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import orjson

from kpi_aggregator.domain.means import GroupMean, Means
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.values import MADE_UP, Proposal, Told

State = Literal["pending", "approved", "rejected"]

_INSERT = """
insert into dated_value
    (indicator_id, period, period_start, value, parts, group_size, source, source_date, evidence,
     author_role, cause, indicator_version, author, proposed_at, state)
values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'pending')
returning *
"""
_ADD_MEANS = "insert into value_means (value_id, means) values ($1, $2::jsonb)"
_ONE = "select * from dated_value where value_id = $1 for update"
# Of one indicator one decision after the other: each is held against all before.
_TURN = "select pg_advisory_xact_lock(hashtext('kpi.indicator_value'), hashtext($1))"
_DECIDE = """
update dated_value
   set state = $2, decided_by = $3, decided_at = $4, decision_note = $5, decided_role = $6
 where value_id = $1 returning *
"""
_HOLDING = """
select distinct on (indicator_id, period, period_start) *
  from dated_value
 where state = 'approved' and indicator_id = any ($1::text[])
   and ($2::date is null or period_start >= $2) and ($3::date is null or period_start < $3)
 order by indicator_id, period, period_start, decided_at desc, value_id desc
"""
_APPROVED = """
select * from dated_value
 where state = 'approved' and indicator_id = any ($1::text[]) and decided_at < $2
 order by decided_at, value_id
"""
_APPROVED_OF = """
select * from dated_value
 where state = 'approved' and indicator_id = $1 and period = $2 and period_start = $3
 order by decided_at, value_id
"""
# What was made up tells nothing of anybody.
_TOLD = """
select value, parts, group_size, means from dated_value
 where state = 'approved' and author <> 'demo' and indicator_id = $1 and period = $2 and period_start = $3
 order by decided_at, value_id
"""
_PENDING_OF = """
select * from dated_value where state = 'pending' and indicator_id = any ($1::text[])
 order by value_id
"""
_BY_ID = "select * from dated_value where value_id = any ($1::bigint[])"
# What came with a file is decided on at the file's own page.
_PENDING_ALONE = """
select * from dated_value v where state = 'pending'
   and not exists (select from value_file_line l where l.value_id = v.value_id)
 order by value_id desc limit $1
"""
_ALL = "select * from dated_value where value_id = any ($1::bigint[]) order by value_id for update"
_FORGET_MADE_UP = "delete from indicator_value where author = $1 returning 1"
_DECIDED = """
select * from dated_value v where state <> 'pending' and author <> 'demo'
   and not exists (select from value_file_line l where l.value_id = v.value_id)
 order by decided_at desc, value_id desc limit $1
"""
_LIST = """
select * from dated_value
 where ($1::text is null or state = $1) and ($2::text is null or indicator_id = $2)
   and value_id < $3
 order by value_id desc limit $4
"""


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value with who proposed it and what became of it.

    `so_far`: it was approved, or its source is, before its period ended, and nobody confirmed it since.
    """

    value_id: int
    indicator_id: str
    period: Period
    period_start: date
    value: float
    parts: Mapping[str, int] | None
    group_size: int | None
    completeness: float | None
    source: str
    source_date: date
    evidence: str | None
    author_role: str
    cause: str
    indicator_version: int
    author: str
    proposed_at: datetime
    state: State
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str | None
    decided_role: str | None
    means: Means | None
    so_far: bool

    @property
    def is_made_up(self) -> bool:
        """Tell whether it was made up for demonstration."""
        return self.author == MADE_UP

    @property
    def is_withdrawn(self) -> bool:
        """Tell whether who entered it took it back: nobody else may decide as its author."""
        return self.state == "rejected" and self.decided_by == self.author


def proposal_of(stored: StoredValue) -> Proposal:
    """Return a value as it was entered."""
    names = Proposal.__dataclass_fields__
    return Proposal(**{name: getattr(stored, name) for name in names})


async def propose(
    connection: Any, proposal: Proposal, *, version: int, author: str, now: datetime
) -> StoredValue:
    """Store a value that waits for its approval."""
    row = await connection.fetchrow(
        _INSERT,
        proposal.indicator_id,
        proposal.period.value,
        proposal.period_start,
        proposal.value,
        None if proposal.parts is None else orjson.dumps(proposal.parts).decode(),
        proposal.group_size,
        proposal.source,
        proposal.source_date,
        proposal.evidence,
        proposal.author_role,
        proposal.cause,
        version,
        author,
        now,
    )
    if proposal.means is not None:
        await connection.execute(_ADD_MEANS, row["value_id"], _written(proposal.means))
    return replace(_value(row), means=proposal.means)


def _written(means: Means) -> str:
    return orjson.dumps({group: each._asdict() for group, each in means.items()}).decode()


def _read(means: str | None) -> Means | None:
    if means is None:
        return None
    return {group: GroupMean(**each) for group, each in orjson.loads(means).items()}


async def locked(connection: Any, value_id: int) -> StoredValue | None:
    """Return a value, on which nobody else decides meanwhile."""
    row = await connection.fetchrow(_ONE, value_id)
    if row is None:
        return None
    await connection.execute(_TURN, row["indicator_id"])
    return _value(row)


async def locked_all(connection: Any, value_ids: Sequence[int]) -> list[StoredValue]:
    """Return values, on which nobody else decides meanwhile; in one order, so that none waits for another in a ring."""
    rows = await connection.fetch(_ALL, list(value_ids))
    for indicator_id in sorted({row["indicator_id"] for row in rows}):
        await connection.execute(_TURN, indicator_id)
    return [_value(row) for row in rows]


class Decision(NamedTuple):
    """What somebody decided on a value, in which function, and why."""

    state: State
    by: str
    at: datetime
    note: str
    role: str


async def decide(connection: Any, value_id: int, decision: Decision) -> StoredValue:
    """Store what was decided on a value."""
    return _value(await connection.fetchrow(_DECIDE, value_id, *decision))


async def holding(
    connection: Any,
    indicator_ids: Sequence[str],
    *,
    start: date | None = None,
    end: date | None = None,
) -> list[StoredValue]:
    """Return the values that hold, by indicator and period."""
    rows = await connection.fetch(_HOLDING, list(indicator_ids), start, end)
    return [_value(row) for row in rows]


async def told_of(connection: Any, indicator_id: str, period: Period, start: date) -> list[Told]:
    """Return all that was told of a period: a correction is held against each of them."""
    rows = await connection.fetch(_TOLD, indicator_id, period.value, start)
    return [
        Told(
            orjson.loads(row["parts"]) if row["parts"] else None,
            *(row["group_size"], row["value"], _read(row["means"])),
        )
        for row in rows
    ]


async def approved(
    connection: Any, indicator_ids: Sequence[str], *, known_at: datetime
) -> list[StoredValue]:
    """Return all that was approved before a time, in the order of approval."""
    return [_value(row) for row in await connection.fetch(_APPROVED, list(indicator_ids), known_at)]


async def approved_of(
    connection: Any, indicator_id: str, period: Period, start: date
) -> list[StoredValue]:
    """Return all that was approved of a period, in the order of approval."""
    rows = await connection.fetch(_APPROVED_OF, indicator_id, period, start)
    return [_value(row) for row in rows]


async def forget_made_up(connection: Any) -> int:
    """Delete the values that were made up, which are no record of anything; return how many."""
    return len(await connection.fetch(_FORGET_MADE_UP, MADE_UP))


async def pending_of(connection: Any, indicator_ids: Sequence[str]) -> list[StoredValue]:
    """Return all that waits for approval, in the order of entry."""
    return [_value(row) for row in await connection.fetch(_PENDING_OF, list(indicator_ids))]


async def pending_alone(connection: Any, *, limit: int) -> list[StoredValue]:
    """Return what was entered one by one and waits for approval, the newest first."""
    return [_value(row) for row in await connection.fetch(_PENDING_ALONE, limit)]


async def by_id(connection: Any, value_ids: Sequence[int]) -> dict[int, StoredValue]:
    """Return values by their numbers."""
    rows = await connection.fetch(_BY_ID, list(value_ids))
    return {row["value_id"]: _value(row) for row in rows}


async def newest(
    connection: Any, *, state: State | None, indicator_id: str | None, before: int, limit: int
) -> list[StoredValue]:
    """Return values whatever became of them, the newest first."""
    return [
        _value(row) for row in await connection.fetch(_LIST, state, indicator_id, before, limit)
    ]


async def decided(connection: Any, *, limit: int) -> list[StoredValue]:
    """Return the values entered one by one that were decided on last, the newest decision first."""
    return [_value(row) for row in await connection.fetch(_DECIDED, limit)]


def _value(row: Any) -> StoredValue:
    fields = dict(row)
    parts = fields["parts"]
    return StoredValue(
        **{
            **fields,
            "period": Period(fields["period"]),
            "parts": orjson.loads(parts) if parts else None,
            "means": _read(fields["means"]),
        }
    )

# SPDX-License-Identifier: EUPL-1.2
"""The history of ideas and measures: written with each change, read by people, told as events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

Entity = Literal["idea", "measure", "subproject", "format"]
_ADD = """
insert into change (entity, entity_id, at, author, author_role, action, from_state, to_state, reason,
                    details)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb)
"""
_OF = """
select * from change where entity = $1 and entity_id = $2 and change_id > $3
 order by change_id limit $4
"""
_NEWEST = """
select * from change where entity = $1 and entity_id = $2 order by change_id desc limit $3
"""
_MOVES = """
select * from change
 where entity = $1 and entity_id = any ($2::text[]) and action = any ($3::text[])
 order by change_id
"""
_UNTOLD = "select * from change where told_at is null order by change_id limit $1"
_TOLD = "update change set told_at = $2 where change_id = any ($1::bigint[])"
_REWRITE = "update change set reason = $2, details = $3::jsonb where change_id = $1"
# what an edit replaced is forgotten too, where a text had said something about a person
_REDACT = """
update change set details = details - $3::text[]
 where entity = $1 and entity_id = $2 and details is not null
"""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was done to an idea or measure; `author` is a key or subject, no name."""

    entity: Entity
    entity_id: str
    at: datetime
    author: str
    author_role: str
    action: str
    from_state: str | None = None
    to_state: str | None = None
    reason: str | None = None
    details: Mapping[str, Any] | None = None
    change_id: int = 0


async def add(connection: Any, change: Change) -> None:
    """Keep a change; the outbox tells it after the commit."""
    await connection.execute(
        _ADD,
        change.entity,
        change.entity_id,
        change.at,
        change.author,
        change.author_role,
        change.action,
        change.from_state,
        change.to_state,
        change.reason,
        None if change.details is None else orjson.dumps(change.details).decode(),
    )


async def of(
    connection: Any, entity: Entity, entity_id: str, *, after: int, limit: int
) -> list[Change]:
    """Return the changes of one thing, the oldest first."""
    return [_change(row) for row in await connection.fetch(_OF, entity, entity_id, after, limit)]


async def newest(connection: Any, entity: Entity, entity_id: str, *, limit: int) -> list[Change]:
    """Return the last changes of one thing, the oldest of them first."""
    rows = await connection.fetch(_NEWEST, entity, entity_id, limit)
    return [_change(row) for row in reversed(rows)]


async def actions(
    connection: Any, entity: Entity, entity_ids: Sequence[str], wanted: Sequence[str]
) -> list[Change]:
    """Return certain changes of some things, the oldest first."""
    rows = await connection.fetch(_MOVES, entity, list(entity_ids), list(wanted))
    return [_change(row) for row in rows]


async def untold(connection: Any, limit: int) -> list[Change]:
    """Return changes that the broker has not heard of."""
    return [_change(row) for row in await connection.fetch(_UNTOLD, limit)]


async def mark_told(connection: Any, change_ids: Sequence[int], now: datetime) -> None:
    """Note that the broker has acknowledged events."""
    await connection.execute(_TOLD, list(change_ids), now)


async def redact(connection: Any, entity: Entity, entity_id: str, fields: Sequence[str]) -> None:
    """Forget what fields said before."""
    await connection.execute(_REDACT, entity, entity_id, list(fields))


async def rewrite(
    connection: Any, change_id: int, reason: str | None, details: Mapping[str, Any] | None
) -> None:
    """Let a line of the history say something else, where it had named somebody."""
    told = None if details is None else orjson.dumps(details).decode()
    await connection.execute(_REWRITE, change_id, reason, told)


def _change(row: Any) -> Change:
    return Change(
        **{
            **{name: row[name] for name in Change.__slots__ if name != "details"},
            "details": orjson.loads(row["details"]) if row["details"] else None,
        }
    )

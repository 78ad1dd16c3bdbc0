# SPDX-License-Identifier: EUPL-1.2
"""Measures and sub-projects: applied from the folder, changed by staff, and the ideas they took up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from measure_registry.domain.undertaking import Kind, Undertaking

_LAST = 1_000_000
_LOCK = "lock table undertaking in share row exclusive mode"
_ALL = """
select * from undertaking where kind = $1 and ($2::boolean or retired_at is null)
 order by position, undertaking_id
"""
_ONE = "select * from undertaking where kind = $1 and undertaking_id = $2"
_LOCKED = _ONE + " for update"
_SUBPROJECTS = """
select * from undertaking
 where kind = 'subproject' and retired_at is null and definition -> 'measures' ? $1
 order by position, undertaking_id
"""
_ADD = """
insert into undertaking (kind, undertaking_id, position, version, definition, applied, created_at,
                         changed_at)
values ($1, $2, $3, 1, $4::jsonb, $5::jsonb, $6, $6)
on conflict do nothing returning *
"""
_CHANGE = """
update undertaking set definition = $3::jsonb, version = version + 1, changed_at = $4,
       retired_at = null
 where kind = $1 and undertaking_id = $2 returning *
"""
_APPLIED = """
update undertaking set applied = $3::jsonb, position = $4
 where kind = $1 and undertaking_id = $2
   and (applied, position) is distinct from ($3::jsonb, $4)
"""
_RETIRE = """
update undertaking set retired_at = $3, version = version + 1, changed_at = $3
 where kind = $1 and undertaking_id = $2
"""
_ADOPT = """
insert into adoption (idea_id, kind, undertaking_id, at, reason) values ($1, $2, $3, $4, $5)
on conflict do nothing returning 1
"""
_RELEASE = """
delete from adoption where idea_id = $1 and kind = $2 and undertaking_id = $3 returning at
"""
_HAND_ON = """
with former as (
    delete from adoption where idea_id = $1 and kind = $3 and undertaking_id = $4 returning *
), later as (
    insert into adoption (idea_id, kind, undertaking_id, at, reason)
    select $2, kind, undertaking_id, at, reason from former
    on conflict (idea_id, kind, undertaking_id) do update set at = least(adoption.at, excluded.at)
)
select at from former
"""
_IDEAS_OF = """
select i.idea_id, i.title, i.published_at is not null as public
  from adoption a join idea i using (idea_id)
 where a.kind = $1 and a.undertaking_id = $2 order by i.number
"""
_OF_IDEA = (
    "select kind, undertaking_id from adoption where idea_id = $1 order by at, undertaking_id"
)


async def lock(connection: Any) -> None:
    """Let nobody else change any until the commit."""
    await connection.execute(_LOCK)


async def every(connection: Any, kind: Kind, *, retired: bool = False) -> list[Undertaking]:
    """Return all of a kind in their order."""
    return [_undertaking(row) for row in await connection.fetch(_ALL, kind.value, retired)]


async def one(connection: Any, kind: Kind, undertaking_id: str) -> Undertaking | None:
    """Return one that is not retired."""
    row = await connection.fetchrow(_ONE, kind.value, undertaking_id)
    return None if row is None or row["retired_at"] is not None else _undertaking(row)


async def locked(connection: Any, kind: Kind, undertaking_id: str) -> Undertaking | None:
    """Return one that nobody else changes until the commit."""
    row = await connection.fetchrow(_LOCKED, kind.value, undertaking_id)
    return None if row is None or row["retired_at"] is not None else _undertaking(row)


async def subprojects(connection: Any, measure_id: str) -> list[Undertaking]:
    """Return the sub-projects of a measure."""
    return [_undertaking(row) for row in await connection.fetch(_SUBPROJECTS, measure_id)]


async def add(  # noqa: PLR0913  # a row
    connection: Any,
    kind: Kind,
    undertaking_id: str,
    definition: Mapping[str, Any],
    *,
    now: datetime,
    position: int = _LAST,
    from_folder: bool = False,
) -> Undertaking | None:
    """Store a new one; nothing where one of that id is there, retired or not."""
    text = orjson.dumps(definition).decode()
    applied = text if from_folder else None
    row = await connection.fetchrow(_ADD, kind.value, undertaking_id, position, text, applied, now)
    return None if row is None else _undertaking(row)


async def change(
    connection: Any, kind: Kind, undertaking_id: str, definition: Mapping[str, Any], now: datetime
) -> Undertaking:
    """Store what one says now; a retired one is there again."""
    text = orjson.dumps(definition).decode()
    row = await connection.fetchrow(_CHANGE, kind.value, undertaking_id, text, now)
    return _undertaking(row)


async def note_applied(
    connection: Any, kind: Kind, undertaking_id: str, definition: Mapping[str, Any], position: int
) -> None:
    """Remember what the folder said, and where."""
    text = orjson.dumps(definition).decode()
    await connection.execute(_APPLIED, kind.value, undertaking_id, text, position)


async def retire(connection: Any, kind: Kind, undertaking_id: str, now: datetime) -> None:
    """Let one be no more; its history stays."""
    await connection.execute(_RETIRE, kind.value, undertaking_id, now)


async def adopt(
    connection: Any,
    idea_id: str,
    kind: Kind,
    undertaking_id: str,
    *,
    reason: str,
    now: datetime,
) -> bool:
    """Note that a measure or sub-project takes up an idea; tell whether that is new."""
    found = await connection.fetchval(_ADOPT, idea_id, kind.value, undertaking_id, now, reason)
    return found is not None


async def release(connection: Any, idea_id: str, kind: Kind, undertaking_id: str) -> datetime:
    """Forget that one took up an idea; return when it had."""
    row = await connection.fetchrow(_RELEASE, idea_id, kind.value, undertaking_id)
    at: datetime = row["at"]
    return at


async def hand_on(
    connection: Any, idea_id: str, target_id: str, kind: Kind, undertaking_id: str
) -> datetime:
    """Note that one took up another idea instead, at the same time or earlier; return when it had."""
    at: datetime = await connection.fetchval(
        _HAND_ON, idea_id, target_id, kind.value, undertaking_id
    )
    return at


async def ideas_of(connection: Any, kind: Kind, undertaking_id: str) -> Sequence[Any]:
    """Return the ideas that one took up: id, title, and whether everybody may see it."""
    found: Sequence[Any] = await connection.fetch(_IDEAS_OF, kind.value, undertaking_id)
    return found


async def of_idea(connection: Any, idea_id: str) -> list[tuple[Kind, str]]:
    """Return what took up an idea."""
    rows = await connection.fetch(_OF_IDEA, idea_id)
    return [(Kind(row["kind"]), row["undertaking_id"]) for row in rows]


def _undertaking(row: Any) -> Undertaking:
    return Undertaking(
        Kind(row["kind"]),
        row["undertaking_id"],
        row["version"],
        orjson.loads(row["definition"]),
        orjson.loads(row["applied"]) if row["applied"] else None,
        row["created_at"],
        row["changed_at"],
        row["retired_at"],
    )

# SPDX-License-Identifier: EUPL-1.2
"""Attachments of ideas, as they were made anew; sealed where there is a key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

FileKind = Literal["file", "scan"]
"""What a file is: given with an idea, or the scan of a sheet, which tells who wrote it."""
OF_SEALING = 28
"""How many bytes sealing adds: the nonce before, the tag behind."""
_NEXT = "select coalesce(max(number), 0) + 1 from attachment where idea_id = $1"
_ADD = """
insert into attachment (idea_id, number, media_type, content, at, kind, key_id)
values ($1, $2, $3, $4, $5, $6, $7)
"""
_LIST = f"""
select number, media_type, kind, at,
       length(content) - case when key_id is null then 0 else {OF_SEALING} end as bytes
  from attachment where idea_id = $1 order by number
"""  # noqa: S608 (a number)
_ONE = "select * from attachment where idea_id = $1 and number = $2"
_CLEAR = """
select * from attachment where key_id is null order by idea_id, number limit $1
   for update skip locked
"""
_SEAL = """
update attachment set content = $3, key_id = $4 where idea_id = $1 and number = $2
"""
_DROP = "delete from attachment where idea_id = $1 and number = $2 returning 1"
_DROP_ALL = "delete from attachment where idea_id = any ($1::text[]) returning idea_id"
_DROP_DUE = """
delete from attachment a using idea i
 where a.idea_id = i.idea_id
   and (a.idea_id = any ($1::text[]) or (i.submitted_at < $2 and a.at < $2))
returning a.idea_id
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it is stored; in clear where it has no key."""

    idea_id: str
    number: int
    media_type: str
    content: bytes
    at: datetime
    kind: FileKind
    key_id: str | None


async def next_number(connection: Any, idea_id: str) -> int:
    """Return under which number an idea's next file is kept."""
    return int(await connection.fetchval(_NEXT, idea_id))


async def add(connection: Any, kept: Kept) -> None:
    """Keep a file."""
    await connection.execute(
        _ADD,
        kept.idea_id,
        kept.number,
        kept.media_type,
        kept.content,
        kept.at,
        kept.kind,
        kept.key_id,
    )


async def of(connection: Any, idea_id: str) -> Sequence[Any]:
    """Return number, media type, kind, time and size of an idea's files."""
    found: Sequence[Any] = await connection.fetch(_LIST, idea_id)
    return found


async def one(connection: Any, idea_id: str, number: int) -> Kept | None:
    """Return a file as it is stored."""
    row = await connection.fetchrow(_ONE, idea_id, number)
    return None if row is None else Kept(**dict(row))


async def in_clear(connection: Any, limit: int) -> list[Kept]:
    """Return files that are not sealed, which nobody else changes until the commit."""
    return [Kept(**dict(row)) for row in await connection.fetch(_CLEAR, limit)]


async def seal(connection: Any, kept: Kept) -> None:
    """Store a file's content anew, sealed."""
    await connection.execute(_SEAL, kept.idea_id, kept.number, kept.content, kept.key_id)


async def drop(connection: Any, idea_id: str, number: int) -> bool:
    """Delete a file; tell whether it was there."""
    return bool(await connection.fetchval(_DROP, idea_id, number))


async def drop_all(connection: Any, idea_ids: Sequence[str]) -> Mapping[str, int]:
    """Delete the files of ideas; return how many there were of each."""
    return Counter(row[0] for row in await connection.fetch(_DROP_ALL, list(idea_ids)))


async def drop_due(connection: Any, over: Sequence[str], *, came: datetime) -> Mapping[str, int]:
    """Delete files of ideas that are over, and those that came before a time; return how many of each."""
    rows = await connection.fetch(_DROP_DUE, list(over), came)
    return Counter(row[0] for row in rows)

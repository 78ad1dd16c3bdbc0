"""Attachments of ideas, as they were made anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from measure_registry.cleaning import Attachment

_ADD = """
insert into attachment (idea_id, number, media_type, content, at)
select $1, coalesce(max(number), 0) + 1, $2, $3, $4 from attachment where idea_id = $1
returning number
"""
_LIST = "select number, media_type, length(content) as bytes from attachment where idea_id = $1 order by number"
_ONE = "select media_type, content from attachment where idea_id = $1 and number = $2"
_DROP = "delete from attachment where idea_id = $1 and number = $2 returning 1"

_DROP_ALL = "delete from attachment where idea_id = any ($1::text[]) returning idea_id"
_DROP_DUE = """
delete from attachment a using idea i
 where a.idea_id = i.idea_id
   and (i.submitted_at < $3 and a.at < $3 or (i.state_since < $2
        and (i.state = any ($1::text[]) or i.merged_into is not null)))
returning a.idea_id
"""


async def add(connection: Any, idea_id: str, attachment: Attachment, now: datetime) -> int:
    """Keep a file; return its number within the idea."""
    kind, content = attachment.media_type, attachment.content
    return int(await connection.fetchval(_ADD, idea_id, kind, content, now))


async def of(connection: Any, idea_id: str) -> Sequence[Any]:
    """Return number, media type and size of an idea's files."""
    found: Sequence[Any] = await connection.fetch(_LIST, idea_id)
    return found


async def one(connection: Any, idea_id: str, number: int) -> Attachment | None:
    """Return a file."""
    row = await connection.fetchrow(_ONE, idea_id, number)
    return None if row is None else Attachment(row["media_type"], row["content"])


async def drop(connection: Any, idea_id: str, number: int) -> bool:
    """Delete a file; tell whether it was there."""
    return bool(await connection.fetchval(_DROP, idea_id, number))


async def drop_all(connection: Any, idea_ids: Sequence[str]) -> Mapping[str, int]:
    """Delete the files of ideas; return how many there were of each."""
    return Counter(row[0] for row in await connection.fetch(_DROP_ALL, list(idea_ids)))


async def drop_due(
    connection: Any, final: Sequence[str], *, ended: datetime, came: datetime
) -> Mapping[str, int]:
    """Delete files whose period is over, as that of contact data; return how many there were of each idea."""
    rows = await connection.fetch(_DROP_DUE, list(final), ended, came)
    return Counter(row[0] for row in rows)

"""Attachments of ideas, as they were made anew."""

from __future__ import annotations

from collections.abc import Sequence
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

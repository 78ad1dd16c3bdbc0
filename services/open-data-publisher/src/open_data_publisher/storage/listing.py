"""Since when each entry of the catalogue is listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

_NOTE = """
insert into listed (entry_id, created_at) select unnest($1::text[]), $2
    on conflict (entry_id) do nothing
"""
_CREATED = "select entry_id, created_at from listed where entry_id = any ($1::text[])"


async def note(connection: Any, entry_ids: Sequence[str], now: datetime) -> None:
    """Remember entries that are listed for the first time."""
    await connection.execute(_NOTE, list(entry_ids), now)


async def created(connection: Any, entry_ids: Sequence[str]) -> dict[str, datetime]:
    """Return since when entries are listed."""
    rows = await connection.fetch(_CREATED, list(entry_ids))
    return {row["entry_id"]: row["created_at"] for row in rows}

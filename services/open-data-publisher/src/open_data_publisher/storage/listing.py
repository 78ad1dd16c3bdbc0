# SPDX-License-Identifier: EUPL-1.2
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


async def created(connection: Any, entry_ids: Sequence[str], now: datetime) -> dict[str, datetime]:
    """Return since when entries are listed; those listed for the first time are since now."""
    found = await known(connection, entry_ids)
    if new := sorted(set(entry_ids) - found.keys()):
        await connection.execute(_NOTE, new, now)
        found = await known(connection, entry_ids)
    return found


async def known(connection: Any, entry_ids: Sequence[str]) -> dict[str, datetime]:
    """Return since when entries are listed, of those that are."""
    rows = await connection.fetch(_CREATED, list(entry_ids))
    return {row["entry_id"]: row["created_at"] for row in rows}

"""Unfinished forms, sealed, each behind the secret of its link."""

from __future__ import annotations

from datetime import datetime
from typing import Any

_PUT = """
insert into draft (token_hash, sealed, key_id, saved_at) values ($1, $2, $3, $4)
    on conflict (token_hash) do update
   set sealed = excluded.sealed, key_id = excluded.key_id, saved_at = excluded.saved_at
"""
_ONE = "select sealed, key_id from draft where token_hash = $1"
_DROP = "delete from draft where token_hash = $1"
_FORGET = "delete from draft where saved_at < $1"
_RECENT = "select count(*) from draft where saved_at > $1"


async def put(
    connection: Any, token_hash: bytes, *, sealed: bytes, key_id: str, now: datetime
) -> None:
    """Keep a form, in place of what was saved before under the same secret."""
    await connection.execute(_PUT, token_hash, sealed, key_id, now)


async def one(connection: Any, token_hash: bytes) -> tuple[str, bytes] | None:
    """Return the key's id and the sealed form."""
    row = await connection.fetchrow(_ONE, token_hash)
    return None if row is None else (row["key_id"], row["sealed"])


async def drop(connection: Any, token_hash: bytes) -> None:
    """Forget a form that was submitted."""
    await connection.execute(_DROP, token_hash)


async def forget(connection: Any, before: datetime) -> None:
    """Forget forms that nobody went on with."""
    await connection.execute(_FORGET, before)


async def count_since(connection: Any, since: datetime) -> int:
    """Return how many were saved after a time."""
    return int(await connection.fetchval(_RECENT, since))

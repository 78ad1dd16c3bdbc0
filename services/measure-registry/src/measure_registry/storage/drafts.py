# SPDX-License-Identifier: EUPL-1.2
"""Unfinished forms, sealed, each behind the secret of its link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_PUT = """
insert into draft (token_hash, sealed, key_id, saved_at, address_hash) values ($1, $2, $3, $4, $5)
    on conflict (token_hash) do update
   set sealed = excluded.sealed, key_id = excluded.key_id, saved_at = excluded.saved_at,
       address_hash = excluded.address_hash
"""
_ONE = "select sealed, key_id from draft where token_hash = $1"
_BY_ADDRESS = "select * from draft where address_hash = any ($1::bytea[]) order by saved_at"
_DROP = "delete from draft where token_hash = $1"
_DROP_OF = "delete from draft where address_hash = any ($1::bytea[]) returning 1"
_FORGET = "delete from draft where saved_at < $1"
_RECENT = "select count(*) from draft where saved_at > $1"


@dataclass(frozen=True, slots=True)
class Draft:
    """An unfinished form as it is stored; its address is hashed, where it names one."""

    token_hash: bytes
    sealed: bytes
    key_id: str
    saved_at: datetime
    address_hash: bytes | None


async def put(connection: Any, draft: Draft) -> None:
    """Keep a form, in place of what was saved before under the same secret."""
    await connection.execute(
        _PUT, draft.token_hash, draft.sealed, draft.key_id, draft.saved_at, draft.address_hash
    )


async def one(connection: Any, token_hash: bytes) -> tuple[str, bytes] | None:
    """Return the key's id and the sealed form."""
    row = await connection.fetchrow(_ONE, token_hash)
    return None if row is None else (row["key_id"], row["sealed"])


async def by_address(connection: Any, hashes: Sequence[bytes]) -> list[Draft]:
    """Return the forms that name an address, by its keyed hashes."""
    return [Draft(**dict(row)) for row in await connection.fetch(_BY_ADDRESS, list(hashes))]


async def drop_of(connection: Any, hashes: Sequence[bytes]) -> int:
    """Forget the forms that name an address, with their files; return how many."""
    return len(await connection.fetch(_DROP_OF, list(hashes)))


async def drop(connection: Any, token_hash: bytes) -> None:
    """Forget a form that was submitted."""
    await connection.execute(_DROP, token_hash)


async def forget(connection: Any, before: datetime) -> None:
    """Forget forms that nobody went on with."""
    await connection.execute(_FORGET, before)


async def count_since(connection: Any, since: datetime) -> int:
    """Return how many were saved after a time."""
    return int(await connection.fetchval(_RECENT, since))

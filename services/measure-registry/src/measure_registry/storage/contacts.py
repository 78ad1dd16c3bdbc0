# SPDX-License-Identifier: EUPL-1.2
"""Contact data, sealed; the only module that touches their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

_ADD = """
insert into contact (idea_id, sealed, key_id, address_hash, language, purpose, legal_basis, recorded_at)
values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8)
"""
_OF = "select * from contact where idea_id = $1"
_EXISTS = "select exists (select from contact where idea_id = $1)"
_BY_ADDRESS = "select * from contact where address_hash = any ($1::bytea[]) order by idea_id"
_OF_ANY = "select idea_id from contact where idea_id = any ($1::text[]) order by idea_id"
_ERASE = "delete from contact where idea_id = any ($1::text[]) returning idea_id"
_ERASE_DUE = """
delete from contact where idea_id = any ($1::text[]) or recorded_at < $2 returning idea_id
"""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One idea's contact data as they are stored."""

    idea_id: str
    sealed: bytes
    key_id: str
    address_hash: bytes | None
    language: str
    purpose: Mapping[str, str]
    legal_basis: str
    recorded_at: datetime


async def add(connection: Any, contact: Sealed) -> None:
    """Store contact data."""
    await connection.execute(
        _ADD,
        contact.idea_id,
        contact.sealed,
        contact.key_id,
        contact.address_hash,
        contact.language,
        orjson.dumps(dict(contact.purpose)).decode(),
        contact.legal_basis,
        contact.recorded_at,
    )


async def of(connection: Any, idea_id: str) -> Sealed | None:
    """Return an idea's contact data; nothing where there are none, or none any more."""
    row = await connection.fetchrow(_OF, idea_id)
    return None if row is None else _sealed(row)


async def exist(connection: Any, idea_id: str) -> bool:
    """Tell whether there are contact data of an idea, without opening them."""
    return bool(await connection.fetchval(_EXISTS, idea_id))


async def of_any(connection: Any, idea_ids: Sequence[str]) -> list[str]:
    """Return of which ideas there are contact data, without opening them."""
    return [row[0] for row in await connection.fetch(_OF_ANY, list(idea_ids))]


async def by_address(connection: Any, hashes: Sequence[bytes]) -> list[Sealed]:
    """Return the contact data of an address, by its keyed hashes."""
    return [_sealed(row) for row in await connection.fetch(_BY_ADDRESS, list(hashes))]


async def erase(connection: Any, idea_ids: Sequence[str]) -> list[str]:
    """Delete contact data; return of which ideas there were any."""
    return [row[0] for row in await connection.fetch(_ERASE, list(idea_ids))]


async def erase_due(connection: Any, over: Sequence[str], *, came: datetime) -> list[str]:
    """Delete contact data of ideas that are over, and those recorded before a time; return of which ideas."""
    return [row[0] for row in await connection.fetch(_ERASE_DUE, list(over), came)]


def _sealed(row: Any) -> Sealed:
    return Sealed(**{**dict(row), "purpose": orjson.loads(row["purpose"])})

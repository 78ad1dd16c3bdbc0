# SPDX-License-Identifier: EUPL-1.2
"""Attachments of unfinished forms, sealed like the form; they go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_ADD = """
insert into draft_attachment (token_hash, number, media_type, size, sealed, key_id)
values ($1, $2, $3, $4, $5, $6)
"""
_LIST = """
select number, media_type, size from draft_attachment where token_hash = $1 order by number
"""
_ALL = "select * from draft_attachment where token_hash = $1 order by number"
_DROP = "delete from draft_attachment where token_hash = $1 and number = any ($2::integer[])"


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the form names it."""

    number: int
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A file as it is kept."""

    number: int
    media_type: str
    size: int
    sealed: bytes
    key_id: str


async def add(connection: Any, token_hash: bytes, file: SealedFile) -> None:
    """Keep a file of a form."""
    await connection.execute(
        _ADD, token_hash, file.number, file.media_type, file.size, file.sealed, file.key_id
    )


async def listed(connection: Any, token_hash: bytes) -> list[Listed]:
    """Return what files a form has."""
    return [Listed(**dict(row)) for row in await connection.fetch(_LIST, token_hash)]


async def of(connection: Any, token_hash: bytes) -> list[SealedFile]:
    """Return the files of a form."""
    names = SealedFile.__slots__
    rows = await connection.fetch(_ALL, token_hash)
    return [SealedFile(**{name: row[name] for name in names}) for row in rows]


async def drop(connection: Any, token_hash: bytes, numbers: Sequence[int]) -> None:
    """Delete files of a form."""
    await connection.execute(_DROP, token_hash, list(numbers))

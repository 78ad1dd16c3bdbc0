# SPDX-License-Identifier: EUPL-1.2
"""Acceptance tests as they were made; nothing changes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

_INSERT = """
insert into acceptance_test (tested_at, author, label, report, counts)
values ($1, $2, $3, $4::jsonb, $5)
returning acceptance_id
"""
_ONE = """
select acceptance_id, tested_at, author, label, report::text as report
  from acceptance_test where acceptance_id = $1
"""
_LIST = """
select acceptance_id, tested_at, author, label, (report - 'vehicles')::text as report
  from acceptance_test where acceptance_id < $1
 order by acceptance_id desc limit $2
"""
_COUNTS = "select counts from acceptance_test where acceptance_id = $1"


@dataclass(frozen=True, slots=True)
class StoredTest:
    """One test; `report` is its JSON, in lists without the single vehicles."""

    acceptance_id: int
    tested_at: datetime
    author: str
    label: str
    report: str


async def insert(  # a row
    connection: Any, *, tested_at: datetime, author: str, label: str, report: str, counts: bytes
) -> int:
    """Store a test and return its number."""
    found: int = await connection.fetchval(_INSERT, tested_at, author, label, report, counts)
    return found


async def get(connection: Any, acceptance_id: int) -> StoredTest | None:
    """Return one test."""
    row = await connection.fetchrow(_ONE, acceptance_id)
    return None if row is None else StoredTest(**row)


async def newest(connection: Any, *, before: int, limit: int) -> list[StoredTest]:
    """Return tests, the newest first."""
    return [StoredTest(**row) for row in await connection.fetch(_LIST, before, limit)]


async def counts_of(connection: Any, acceptance_id: int) -> bytes | None:
    """Return the file a test was made of."""
    found: bytes | None = await connection.fetchval(_COUNTS, acceptance_id)
    return found

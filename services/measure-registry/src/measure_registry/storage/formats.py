# SPDX-License-Identifier: EUPL-1.2
"""Networking formats: stored, changed by version, listed by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

_NEXT = "select nextval(pg_get_serial_sequence('registry.network_format', 'number'))"
_ADD = """
insert into network_format (number, format_id, version, held_on, definition, created_at, changed_at)
overriding system value values ($1, $2, 1, $3, $4::jsonb, $5, $5) returning *
"""
_ONE = "select * from network_format where format_id = $1"
_LOCKED = _ONE + " for update"
_CHANGE = """
update network_format set held_on = $2, definition = $3::jsonb, changed_at = $4, version = version + 1
 where format_id = $1 returning *
"""
_CANCEL = """
update network_format set cancelled_at = $2, changed_at = $2, version = version + 1
 where format_id = $1 returning *
"""
_LIST = """
select * from network_format
 where (held_on, number) < ($1, $2) and held_on >= $3 and cancelled_at is null
   and ($4::text is null or definition -> 'measures' ? $4)
 order by held_on desc, number desc limit $5
"""


@dataclass(frozen=True, slots=True)
class Format:
    """A networking format as it is stored."""

    number: int
    format_id: str
    version: int
    held_on: date
    definition: Mapping[str, Any]
    created_at: datetime
    changed_at: datetime
    cancelled_at: datetime | None


async def add(
    connection: Any, definition: Mapping[str, Any], held_on: date, now: datetime
) -> Format:
    """Store one under the next number."""
    number = await connection.fetchval(_NEXT)
    text = orjson.dumps(definition).decode()
    row = await connection.fetchrow(_ADD, number, f"format-{number:04d}", held_on, text, now)
    return _format(row)


async def one(connection: Any, format_id: str) -> Format | None:
    """Return one, cancelled or not."""
    row = await connection.fetchrow(_ONE, format_id)
    return None if row is None else _format(row)


async def locked(connection: Any, format_id: str) -> Format | None:
    """Return one that nobody else changes until the commit."""
    row = await connection.fetchrow(_LOCKED, format_id)
    return None if row is None else _format(row)


async def change(
    connection: Any, format_id: str, definition: Mapping[str, Any], held_on: date, now: datetime
) -> Format:
    """Store what one says now."""
    text = orjson.dumps(definition).decode()
    return _format(await connection.fetchrow(_CHANGE, format_id, held_on, text, now))


async def cancel(connection: Any, format_id: str, now: datetime) -> Format:
    """Note that one does not take place, or did not."""
    return _format(await connection.fetchrow(_CANCEL, format_id, now))


async def newest(
    connection: Any, before: tuple[date, int], *, since: date, measure: str | None, limit: int
) -> list[Format]:
    """Return those that are not cancelled, the latest day first."""
    rows = await connection.fetch(_LIST, *before, since, measure, limit)
    return [_format(row) for row in rows]


def _format(row: Any) -> Format:
    return Format(**{**dict(row), "definition": orjson.loads(row["definition"])})

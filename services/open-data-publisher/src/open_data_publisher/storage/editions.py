# SPDX-License-Identifier: EUPL-1.2
"""Editions of datasets: one row a day, its content as bytes that storage does not look into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

_LIST = """
select day, content, row_count, changed_at from edition
 where dataset_id = $1 and rules = $2 and ($3::date is null or day >= $3)
   and ($4::date is null or day <= $4)
 order by day
"""
_ROWS = "select told, former from edition where dataset_id = $1 and rules = $2 and day = $3"
_CHECKED = "select day, rules, checked_at from edition where dataset_id = $1"
_KNOWN = """
select day, rules, content, row_count, changed_at, checked_at, told, former
  from edition where dataset_id = $1 and day = any ($2::date[])
"""
_KEEP = """
insert into edition (dataset_id, day, rules, content, row_count, changed_at, checked_at, told, former)
select $1, * from unnest($2::date[], $3::text[], $4::text[], $5::int[], $6::timestamptz[],
                         $7::timestamptz[], $8::bytea[], $9::bytea[])
    on conflict (dataset_id, day) do update
   set (rules, content, row_count, changed_at, checked_at, told, former)
     = (excluded.rules, excluded.content, excluded.row_count, excluded.changed_at,
        excluded.checked_at, excluded.told, excluded.former)
"""
_CHECK = """
update edition set checked_at = $3 where dataset_id = $1 and day = any ($2::date[])
"""
_TOLD = """
select told from edition where dataset_id = $1 and rules = $2 and day = any ($3::date[])
 order by day
"""
_SUMMARIES = """
select dataset_id, min(day) as first, max(day) as last, sum(row_count)::bigint as row_count,
       max(changed_at) as changed_at
  from edition join unnest($1::text[], $2::text[]) as asked (dataset_id, rules)
               using (dataset_id, rules)
 where row_count > 0
 group by dataset_id
"""


class Day(NamedTuple):
    """One day of a dataset, without its rows."""

    day: date
    content: str
    row_count: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Edition:
    """One day of a dataset as it is kept; `content` changes when any row does."""

    day: date
    rules: str
    content: str
    row_count: int
    changed_at: datetime
    checked_at: datetime
    told: bytes
    former: bytes | None


class Summary(NamedTuple):
    """What there is of a dataset."""

    first: date
    last: date
    row_count: int
    changed_at: datetime


async def days(
    connection: Any, dataset_id: str, rules: str, *, first: date | None, last: date | None
) -> list[Day]:
    """Return the days that are told under these rules, in order."""
    return [Day(*row) for row in await connection.fetch(_LIST, dataset_id, rules, first, last)]


async def rows_of(
    connection: Any, dataset_id: str, rules: str, day: date
) -> tuple[bytes, bytes | None] | None:
    """Return the rows of a day that are told, and those that were."""
    row = await connection.fetchrow(_ROWS, dataset_id, rules, day)
    return None if row is None else (row["told"], row["former"])


async def checked(connection: Any, dataset_id: str) -> dict[date, tuple[str, datetime]]:
    """Return under which rules each day was made, and when it was compared with its source last."""
    rows = await connection.fetch(_CHECKED, dataset_id)
    return {row["day"]: (row["rules"], row["checked_at"]) for row in rows}


async def known(connection: Any, dataset_id: str, of: Sequence[date]) -> dict[date, Edition]:
    """Return days as they are kept."""
    rows = await connection.fetch(_KNOWN, dataset_id, list(of))
    return {row["day"]: Edition(**row) for row in rows}


async def keep(connection: Any, dataset_id: str, editions: Sequence[Edition]) -> None:
    """Store days in place of what was kept of them."""
    if editions:
        columns = zip(
            *(
                (
                    e.day,
                    e.rules,
                    e.content,
                    e.row_count,
                    e.changed_at,
                    e.checked_at,
                    e.told,
                    e.former,
                )
                for e in editions
            ),
            strict=True,
        )
        await connection.execute(_KEEP, dataset_id, *columns)


async def note_checked(
    connection: Any, dataset_id: str, unchanged: Sequence[date], now: datetime
) -> None:
    """Remember that days were found as they are kept."""
    await connection.execute(_CHECK, dataset_id, list(unchanged), now)


async def told_of(connection: Any, dataset_id: str, rules: str, of: Sequence[date]) -> list[bytes]:
    """Return the rows of days that are told, in the order of the days."""
    rows = await connection.fetch(_TOLD, dataset_id, rules, list(of))
    return [row["told"] for row in rows]


async def summaries(connection: Any, rules: Mapping[str, str]) -> dict[str, Summary]:
    """Return what there is of datasets, each under its rules; those without a public row are left out."""
    rows = await connection.fetch(_SUMMARIES, list(rules), list(rules.values()))
    return {
        row["dataset_id"]: Summary(row["first"], row["last"], row["row_count"], row["changed_at"])
        for row in rows
    }

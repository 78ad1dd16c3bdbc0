# SPDX-License-Identifier: EUPL-1.2
"""Files of values: what is known of the periods they name, those handed in, and those being checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kpi_aggregator.domain.filed import Held, Key, Known
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.periods import end_of
from kpi_aggregator.domain.values import Proposal, Told
from kpi_aggregator.storage import framework, values
from kpi_aggregator.storage.meanings import Meaning, meanings
from kpi_aggregator.storage.values import StoredValue

_ADD = """
insert into value_file (name, sha256, author, author_role, imported_at)
values ($1, $2, $3, $4, $5) returning file_id
"""
_ADD_LINES = """
insert into value_file_line (value_id, file_id, line)
select value_id, $1, line from unnest($2::bigint[], $3::integer[]) as l (value_id, line)
"""
_FILES = """
select f.*, count(*) as lines, count(*) filter (where v.state = 'pending') as pending,
       count(*) filter (where v.state = 'approved') as approved
  from value_file f join value_file_line using (file_id) join indicator_value v using (value_id)
 where ($1::bigint is null or f.file_id = $1) and ($2::text is null or f.sha256 = $2)
   and f.file_id < $3
 group by f.file_id
having count(*) filter (where v.state = 'pending') >= $4
 order by f.file_id desc limit $5
"""
_LINES = """
select line, value_id from value_file_line where file_id = $1 order by line, value_id
"""
_OF_VALUES = """
select value_id, file_id, line, name from value_file_line join value_file using (file_id)
 where value_id = any ($1::bigint[])
"""
_KEEP = """
insert into value_file_draft (login, name, sha256, content, kept_until)
values ($1, $2, $3, $4, $5)
    on conflict (login) do update
   set (name, sha256, content, kept_until)
     = (excluded.name, excluded.sha256, excluded.content, excluded.kept_until)
"""
_TAKE = """
delete from value_file_draft where login = $1 and sha256 = $2 and kept_until > $3
returning name, sha256, content
"""
_FORGET = "delete from value_file_draft where kept_until <= $1"


@dataclass(frozen=True, slots=True)
class ValueFile:
    """A file that was handed in, and how many of its lines became what."""

    file_id: int
    name: str
    sha256: str
    author: str
    author_role: str
    imported_at: datetime
    lines: int
    pending: int
    approved: int


class FiledLine(NamedTuple):
    """A value that came with a file, and the file's line that said it."""

    line: int
    value: StoredValue


class FromFile(NamedTuple):
    """Where a value came from."""

    file_id: int
    line: int
    name: str


class Draft(NamedTuple):
    """A file that was checked and waits for its import."""

    name: str
    sha256: str
    content: bytes


async def held(connection: Any, indicators: Sequence[Indicator], now: datetime) -> Held:
    """Return what is known of each period of some indicators."""
    by_id = {each.indicator_id: each for each in indicators}
    meant = await meanings(connection)
    today = now.astimezone(ZoneInfo(await framework.timezone(connection))).date()
    unconfirmed: dict[Key, bool] = {}
    means: dict[Key, Meaning] = {}
    told: dict[Key, list[Told]] = {}
    holds: dict[Key, Proposal] = {}
    waiting: dict[Key, list[Proposal]] = {}
    for each in await values.approved(connection, list(by_id), known_at=now):
        key = (each.indicator_id, each.period, each.period_start)
        if not each.is_made_up:
            told.setdefault(key, []).append(
                Told(each.parts, each.group_size, each.value, each.means)
            )
        holds[key] = values.proposal_of(each)
        means[key] = meant.of(by_id[each.indicator_id], each)
        unconfirmed[key] = each.so_far and end_of(each.period, each.period_start) <= today
    for each in await values.pending_of(connection, list(by_id)):
        key = (each.indicator_id, each.period, each.period_start)
        waiting.setdefault(key, []).append(values.proposal_of(each))
    return {
        key: Known(
            *(told.get(key, ()), holds.get(key), waiting.get(key, ())),
            unconfirmed=unconfirmed.get(key, False),
            unit=means[key].unit if key in means else "",
            former=key in means and not means[key].in_force,
        )
        for key in holds.keys() | waiting.keys()
    }


class NewFile(NamedTuple):
    """A file that is handed in: who by, in which role, and when."""

    name: str
    sha256: str
    author: str
    author_role: str
    imported_at: datetime


async def add(connection: Any, new: NewFile, lines: Sequence[tuple[int, int]]) -> int:
    """Store a file with its lines, each a value's number and its line; return the file's number."""
    file_id: int = await connection.fetchval(_ADD, *new)
    ids = [value_id for value_id, _ in lines]
    await connection.execute(_ADD_LINES, file_id, ids, [line for _, line in lines])
    return file_id


async def newest(
    connection: Any, *, before: int, limit: int, waiting: bool = False, sha256: str | None = None
) -> list[ValueFile]:
    """Return files handed in, the newest first; `waiting` those with lines to decide on alone."""
    rows = await connection.fetch(_FILES, None, sha256, before, int(waiting), limit)
    return [ValueFile(**row) for row in rows]


async def one(connection: Any, file_id: int) -> ValueFile | None:
    """Return a file."""
    row = await connection.fetchrow(_FILES, file_id, None, file_id + 1, 0, 1)
    return None if row is None else ValueFile(**row)


async def lines_of(connection: Any, file_id: int) -> list[FiledLine]:
    """Return the values of a file, by line."""
    rows = await connection.fetch(_LINES, file_id)
    found = await values.by_id(connection, [row["value_id"] for row in rows])
    return [FiledLine(row["line"], found[row["value_id"]]) for row in rows]


async def of_values(connection: Any, value_ids: Sequence[int]) -> dict[int, FromFile]:
    """Return which file each of some values came from; those entered one by one are left out."""
    rows = await connection.fetch(_OF_VALUES, list(value_ids))
    return {row["value_id"]: FromFile(row["file_id"], row["line"], row["name"]) for row in rows}


async def keep(connection: Any, login: str, draft: Draft, until: datetime, now: datetime) -> None:
    """Keep the file that a login checked last, until then at most."""
    await forget(connection, now)
    await connection.execute(_KEEP, login, draft.name, draft.sha256, draft.content, until)


async def forget(connection: Any, now: datetime) -> None:
    """Forget the files whose import nobody wanted in time."""
    await connection.execute(_FORGET, now)


async def take(connection: Any, login: str, sha256: str, now: datetime) -> Draft | None:
    """Return the file that a login checked, once; nothing where it is another one, or too old."""
    row = await connection.fetchrow(_TAKE, login, sha256, now)
    return None if row is None else Draft(row["name"], row["sha256"], row["content"])

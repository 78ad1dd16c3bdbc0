# SPDX-License-Identifier: EUPL-1.2
"""What other services tell of themselves: which views there are, their columns, what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kpi_aggregator.domain.formula import Among
from kpi_aggregator.domain.sums import Member

CHANGED = "changed_at"
SIMULATED = "simulated"
LONGEST_READING_S = 3600
"""How long the reading of a whole view may take."""
# Only what this service may read is there for it.
_COLUMNS = """
select attribute.attname as name, format_type(attribute.atttypid, null) as kind
  from pg_namespace schema
  join pg_class relation on relation.relnamespace = schema.oid
  join pg_attribute attribute on attribute.attrelid = relation.oid
 where schema.nspname = $1 and relation.relname = $2 and relation.relkind in ('v', 'm')
   and attribute.attnum > 0 and not attribute.attisdropped
   and has_schema_privilege(schema.oid, 'usage')
   and has_table_privilege(relation.oid, 'select')
"""
_MARK = "select seen_until from source_mark where view = $1"
_SET_MARK = """
insert into source_mark (view, seen_until) values ($1, $2)
    on conflict (view) do update set seen_until = excluded.seen_until
"""


@dataclass(frozen=True, slots=True)
class View:
    """A view with the types of its columns; the name is checked before it gets here."""

    name: str
    columns: Mapping[str, str]

    @property
    def quoted(self) -> str:
        """Return the name as it goes into a statement."""
        schema, _, name = self.name.partition(".")
        return f'"{schema}"."{name}"'

    def is_date(self, column: str) -> bool:
        """Tell whether a column is a day, not a time."""
        return self.columns[column] == "date"

    def day_of(self, column: str) -> str:
        """Return the SQL of the city's day of a column; the zone is parameter 1."""
        return f'"{column}"' if self.is_date(column) else f'("{column}" at time zone $1)::date'

    def begins(self, column: str, parameter: int) -> str:
        """Return the SQL of when a day begins, as the column tells it; the zone is parameter 1."""
        day = f"${parameter}::date"
        return day if self.is_date(column) else f"({day})::timestamp at time zone $1"

    def is_before(self, column: str) -> str:
        """Return the SQL that asks whether a column lies before day $2; the zone is parameter 1."""
        return f'"{column}" < {self.begins(column, 2)}'


async def view(connection: Any, name: str) -> View | None:
    """Return a view, none where it is not there or may not be read."""
    rows = await connection.fetch(_COLUMNS, *name.split(".", 1))
    return View(name, {row["name"]: row["kind"] for row in rows}) if rows else None


async def first_day(
    connection: Any, source: View, time: str, timezone: str, *, before: date | None = None
) -> date | None:
    """Return the first day that a view knows of; none where that is none before a day, if given."""
    limit = ""
    if before is not None:
        limit = f" where {source.is_before(time)}"
    least = f'(select min("{time}") as "{time}" from {source.quoted}{limit}) least'  # noqa: S608
    found: date | None = await connection.fetchval(
        f"select case when $1::text is not null then {source.day_of(time)} end from {least}",  # noqa: S608 (checked names)
        timezone,
        *([] if before is None else [before]),
        timeout=LONGEST_READING_S,
    )
    return found


async def seen_until(connection: Any, name: str) -> datetime | None:
    """Return until when changes of a view were noticed."""
    found: datetime | None = await connection.fetchval(_MARK, name)
    return found


async def set_seen(connection: Any, name: str, until: datetime) -> None:
    """Note until when changes of a view were noticed."""
    await connection.execute(_SET_MARK, name, until)


async def changed_days(
    connection: Any, source: View, time: str, *, since: datetime, timezone: str
) -> list[date]:
    """Return the days of which rows were written since a time."""
    rows = await connection.fetch(
        f"select distinct {source.day_of(time)} as day from {source.quoted}"  # noqa: S608 (checked names)
        f' where "{CHANGED}" >= $2 and $1::text is not null',
        timezone,
        since,
    )
    return sorted(row["day"] for row in rows if row["day"] is not None)


async def members(connection: Any, source: View, among: Among, timezone: str) -> list[Member]:
    """Return all members that a view tells of, with their parts and since when they are."""
    part = "''" if among.by is None else f"coalesce(\"{among.by}\"::text, '')"
    since = "null::date" if among.since is None else source.day_of(among.since)
    conditions = [f'"{column}"::text = any(${n}::text[])' for n, column in enumerate(among.only, 2)]
    where = " and ".join(["$1::text is not null", f'"{among.member}" is not null', *conditions])
    rows = await connection.fetch(
        f'select "{among.member}"::text as name, max({part}) as part, min({since}) as since'  # noqa: S608
        f" from {source.quoted} where {where} group by 1 order by 1",
        timezone,
        *(list(values) for values in among.only.values()),
    )
    return [Member(*row) for row in rows]

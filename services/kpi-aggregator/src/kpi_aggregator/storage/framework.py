"""The framework as configured: written by `city apply`, read by the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import orjson

from kpi_aggregator.domain.framework import Aim, Direction, Indicator, Source
from kpi_aggregator.domain.periods import Period

_TABLES = {"mehrwert": "mehrwert_id", "indicator": "indicator_id"}
# Names of tables and columns are those above.
_LOCK = "lock table mehrwert, indicator in share row exclusive mode"
_WRITE = {
    table: f"""
insert into {table} ({key}, position, definition)
select id, position, definition
  from jsonb_to_recordset($1::jsonb) as r (id text, position integer, definition jsonb)
    on conflict ({key}) do update
   set position = excluded.position, definition = excluded.definition, retired_at = null
 where ({table}.position, {table}.definition, {table}.retired_at)
       is distinct from (excluded.position, excluded.definition, null)
returning 1
"""  # noqa: S608
    for table, key in _TABLES.items()
}
_RETIRE = {
    table: f"""
update {table} set retired_at = now()
 where retired_at is null and {key} <> all ($1::text[]) returning 1
"""  # noqa: S608
    for table, key in _TABLES.items()
}
_MEHRWERTE = "select definition from mehrwert where retired_at is null order by position"
_INDICATORS = "select definition from indicator where retired_at is null order by position"
_INDICATOR = "select definition from indicator where retired_at is null and indicator_id = $1"


class Written(NamedTuple):
    """How many rows are new or changed, and retired."""

    written: int
    retired: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a folder changed."""

    mehrwerte: Written
    indicators: Written


@dataclass(frozen=True, slots=True)
class Mehrwert:
    """One of the values that the city wants to add."""

    mehrwert: str
    title: Mapping[str, str]
    description: str


async def apply(
    connection: Any,
    *,
    mehrwerte: Sequence[Mapping[str, Any]],
    indicators: Sequence[Mapping[str, Any]],
) -> Applied:
    """Bring the tables to these rows."""
    await connection.execute(_LOCK)
    return Applied(
        await _bring(connection, "mehrwert", mehrwerte),
        await _bring(connection, "indicator", indicators),
    )


async def _bring(connection: Any, table: str, rows: Sequence[Mapping[str, Any]]) -> Written:
    written = await connection.fetch(_WRITE[table], orjson.dumps(rows).decode())
    retired = await connection.fetch(_RETIRE[table], [row["id"] for row in rows])
    return Written(len(written), len(retired))


async def mehrwerte(connection: Any) -> list[Mehrwert]:
    """Return the Mehrwerte in the framework's order."""
    found = [orjson.loads(row["definition"]) for row in await connection.fetch(_MEHRWERTE)]
    return [Mehrwert(each["mehrwert"], each["title"], each["description"]) for each in found]


async def indicators(connection: Any) -> list[Indicator]:
    """Return the indicators in the framework's order."""
    return [_indicator(row) for row in await connection.fetch(_INDICATORS)]


async def indicator(connection: Any, indicator_id: str) -> Indicator | None:
    """Return one indicator."""
    row = await connection.fetchrow(_INDICATOR, indicator_id)
    return None if row is None else _indicator(row)


def _indicator(row: Any) -> Indicator:
    fields = orjson.loads(row["definition"])
    return Indicator(
        **{
            **fields,
            "direction": Direction(fields["direction"]),
            "source": Source(fields["source"]),
            "period": Period(fields["period"]),
            "groups": tuple(fields["groups"]),
            "fields": tuple(fields["fields"]),
            "baseline": _aim(fields["baseline"]),
            "target": _aim(fields["target"]),
        }
    )


def _aim(stored: Mapping[str, Any] | None) -> Aim | None:
    return None if stored is None else Aim(stored["value"], date.fromisoformat(stored["at"]))

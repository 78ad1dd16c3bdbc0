# SPDX-License-Identifier: EUPL-1.2
"""The framework as configured: written by `city apply`, read by the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from kpi_aggregator.domain.formula import Formula, formula_of
from kpi_aggregator.domain.framework import Aim, Direction, Indicator, Leitsatz, Parts, Source
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.publication import publication_of

_TABLES = {
    "mehrwert": "mehrwert_id",
    "indicator": "indicator_id",
    "formula": "formula_id",
    "report": "report_id",
}
# Names of tables and columns are those above.
_LOCK = "lock table mehrwert, indicator, formula, report in share row exclusive mode"
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
 where retired_at is null and {key} <> all ($1::text[]) returning {key}
"""  # noqa: S608
    for table, key in _TABLES.items()
}
_IN_FORCE = {
    table: f"select {key} from {table} where retired_at is null"  # noqa: S608
    for table, key in _TABLES.items()
}
_MEHRWERTE = "select definition from mehrwert where retired_at is null order by position"
_INDICATORS = "select definition from indicator where retired_at is null order by position"
_FORMULAS = "select definition from formula where retired_at is null order by position"
_ALL_FORMULAS = "select formula_id, definition from formula"
_ALL_INDICATORS = "select indicator_id, definition from indicator"
_ADD_VERSION = "insert into framework_version (applied_at, definition) values ($1, $2::jsonb)"
# Before the first one there was none: it is the best that is known.
_VERSION = """
select number, applied_at, definition from framework_version
 order by applied_at < $1 desc, case when applied_at < $1 then -number else number end limit 1
"""
_SET_CITY = """
insert into configuration (timezone, city_name) values ($1, $2)
    on conflict (only_row) do update
   set (timezone, city_name) = (excluded.timezone, excluded.city_name)
"""
_TIMEZONE = "select timezone from configuration"
_CITY_NAME = "select city_name from configuration"
_INDICATOR = "select definition from indicator where retired_at is null and indicator_id = $1"


class Written(NamedTuple):
    """How many rows are new or changed, and which are retired."""

    written: int
    retired: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a folder changed."""

    mehrwerte: Written
    indicators: Written
    formulas: Written
    reports: Written

    @property
    def anything(self) -> bool:
        """Tell whether the framework is another one now; who is reported to is no part of it."""
        own = (self.mehrwerte, self.indicators, self.formulas)
        return any(each.written or each.retired for each in own)


@dataclass(frozen=True, slots=True)
class Mehrwert:
    """One of the values that the city wants to add."""

    mehrwert: str
    title: Mapping[str, str]
    description: str


class City(NamedTuple):
    """What the city is called, and the zone in which its days begin."""

    name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Framework:
    """The framework as it was applied some time; `number` and time are none before the first.

    `city` is none in versions that were kept before it was part of them.
    """

    number: int | None
    applied_at: datetime | None
    mehrwerte: tuple[Mehrwert, ...]
    indicators: tuple[Indicator, ...]
    formulas: tuple[Formula, ...]
    city: City | None = None


Rows = Sequence[Mapping[str, Any]]


class Given(NamedTuple):
    """What a folder says, as rows of the tables."""

    mehrwerte: Rows
    indicators: Rows
    formulas: Rows
    reports: Rows
    city: City


async def apply(connection: Any, given: Given, now: datetime) -> Applied:
    """Bring the tables to these rows; what is new is kept as a version of the framework."""
    await connection.execute(_LOCK)
    applied = Applied(
        await _bring(connection, "mehrwert", given.mehrwerte),
        await _bring(connection, "indicator", given.indicators),
        await _bring(connection, "formula", given.formulas),
        await _bring(connection, "report", given.reports),
    )
    before = City(await city_name(connection), await timezone(connection))
    await connection.execute(_SET_CITY, given.city.timezone, given.city.name)
    if applied.anything or before != given.city:
        whole: dict[str, Any] = {
            name: [row["definition"] for row in getattr(given, name)]
            for name in ("mehrwerte", "indicators", "formulas")
        }
        whole["city"] = given.city._asdict()
        await connection.execute(_ADD_VERSION, now, orjson.dumps(whole).decode())
    return applied


async def at(connection: Any, time: datetime) -> Framework:
    """Return the framework that held before a time; before the first one, the first."""
    row = await connection.fetchrow(_VERSION, time)
    if row is None:
        return Framework(None, None, (), (), ())
    whole = orjson.loads(row["definition"])
    return Framework(
        row["number"],
        row["applied_at"],
        tuple(_mehrwert(each) for each in whole["mehrwerte"] or ()),
        tuple(_indicator(each) for each in whole["indicators"] or ()),
        tuple(formula_of(each) for each in whole["formulas"] or ()),
        City(**whole["city"]) if whole.get("city") else None,
    )


async def first_applied(connection: Any) -> datetime | None:
    """Return since when there is a framework."""
    found: datetime | None = await connection.fetchval(
        "select min(applied_at) from framework_version"
    )
    return found


async def city_name(connection: Any) -> str:
    """Return what the city is called."""
    found: str | None = await connection.fetchval(_CITY_NAME)
    return found or ""


async def timezone(connection: Any) -> str:
    """Return in which zone the city's days begin; UTC where no city was applied."""
    found: str | None = await connection.fetchval(_TIMEZONE)
    return found or "UTC"


async def formulas(connection: Any) -> list[Formula]:
    """Return the formulas in force."""
    rows = await connection.fetch(_FORMULAS)
    return [formula_of(orjson.loads(row["definition"])) for row in rows]


async def formula_definitions(connection: Any) -> dict[str, Mapping[str, Any]]:
    """Return the newest definition of every formula there ever was."""
    rows = await connection.fetch(_ALL_FORMULAS)
    return {row["formula_id"]: orjson.loads(row["definition"]) for row in rows}


async def indicator_definitions(connection: Any) -> dict[str, Mapping[str, Any]]:
    """Return the newest definition of every indicator there ever was."""
    rows = await connection.fetch(_ALL_INDICATORS)
    return {row["indicator_id"]: orjson.loads(row["definition"]) for row in rows}


async def _bring(connection: Any, table: str, rows: Sequence[Mapping[str, Any]]) -> Written:
    written = await connection.fetch(_WRITE[table], orjson.dumps(rows).decode())
    retired = await connection.fetch(_RETIRE[table], [row["id"] for row in rows])
    return Written(len(written), tuple(sorted(row[0] for row in retired)))


async def in_force(connection: Any) -> dict[str, set[str]]:
    """Return the ids of the indicators and reports in force, by `indicators` and `reports`."""
    return {
        f"{table}s": {row[0] for row in await connection.fetch(_IN_FORCE[table])}
        for table in ("indicator", "report")
    }


async def mehrwerte(connection: Any) -> list[Mehrwert]:
    """Return the Mehrwerte in the framework's order."""
    rows = await connection.fetch(_MEHRWERTE)
    return [_mehrwert(orjson.loads(row["definition"])) for row in rows]


async def indicators(connection: Any) -> list[Indicator]:
    """Return the indicators in the framework's order."""
    rows = await connection.fetch(_INDICATORS)
    return [_indicator(orjson.loads(row["definition"])) for row in rows]


async def indicator(connection: Any, indicator_id: str) -> Indicator | None:
    """Return one indicator."""
    row = await connection.fetchrow(_INDICATOR, indicator_id)
    return None if row is None else _indicator(orjson.loads(row["definition"]))


def _mehrwert(fields: Mapping[str, Any]) -> Mehrwert:
    return Mehrwert(fields["mehrwert"], fields["title"], fields["description"])


def _indicator(fields: Mapping[str, Any]) -> Indicator:
    return Indicator(
        **{
            **fields,
            "direction": Direction(fields["direction"]),
            "source": Source(fields["source"]),
            "period": Period(fields["period"]),
            "groups": tuple(fields["groups"]),
            "fields": tuple(fields["fields"]),
            "leitsaetze": tuple(Leitsatz(**each) for each in fields.get("leitsaetze", ())),
            "baseline": _aim(fields["baseline"]),
            "target": _aim(fields["target"]),
            "group_scores": {
                group: (low, high) for group, (low, high) in fields.get("group_scores", {}).items()
            },
            "parts": None if fields.get("parts") is None else Parts(fields["parts"]),
            "share_of": tuple(fields.get("share_of", ())),
            "mean_groups": tuple(fields.get("mean_groups", ())),
            "publication": publication_of(fields.get("publication")),
        }
    )


def _aim(stored: Mapping[str, Any] | None) -> Aim | None:
    if stored is None:
        return None
    at = date.fromisoformat(stored["at"])
    return Aim(stored["value"], at, stored.get("demo", False), stored.get("source"))

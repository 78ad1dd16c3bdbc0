# SPDX-License-Identifier: EUPL-1.2
"""Observations of datastreams: what was public of lots and bays, and what environment sensors said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from open_data_publisher.sensorthings.catalogue import Source
from open_data_publisher.sensorthings.model import Entity
from open_data_publisher.sensorthings.observations import (
    AllOf,
    AnyOf,
    Condition,
    Conditions,
    NoneOf,
    Observed,
    Wanted,
    observation,
)
from open_data_publisher.sensorthings.vocabulary import EnvironmentSeries

OPERATORS: Mapping[str, str] = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}

# A closed lot has no free spaces to tell of, as in every feed. Where what was told was over before
# anything else was told, that is an observation, too: unknown since then. A bay is over with its lot, whose
# silence it does not outlive (decision 0050).
_OF_STATES = """
select m.at, m.at as result_at, m.until, m.result, m.told_at,
       coalesce((p.state ->> 'simulated')::boolean, false) as simulated
  from past p
 cross join lateral (
       select least(p.held_until, (
              select l.held_until from past l
               where p.kind = 'bay' and l.kind = 'lot' and l.entity_id = p.state ->> 'lot_id'
                 and l.told_at >= (select max(b.told_at) from past b
                                    where b.kind = 'lot' and b.entity_id = l.entity_id
                                      and b.told_at <= p.told_at)
                 and l.told_at < p.held_until and l.held_until > p.told_at
                 and l.held_until <= least($5::timestamptz, now())
                 and not exists (select from past n
                                  where n.kind = 'lot' and n.entity_id = l.entity_id
                                    and n.told_at > l.told_at and n.told_at <= l.held_until)
               order by l.told_at limit 1)) as held_until
      ) s
 cross join lateral (
       select p.told_at as at, s.held_until as until, p.told_at,
              case when w.field like 'free%' and p.state ->> 'state' in ('closed', 'unknown') then null
                   else nullif(p.state -> w.field, 'null') end as result
        union all
       select s.held_until, null, p.told_at,
              case when w.field = 'state' then '"unknown"'::jsonb end
        where s.held_until <= least($5::timestamptz, now())
          and p.state ->> 'state' not in ('unknown', 'out_of_service')
          and not exists (select from past n
                           where n.kind = p.kind and n.entity_id = p.entity_id
                             and n.told_at > p.told_at and n.told_at <= s.held_until)
      ) m
 where p.kind = w.kind and p.entity_id = w.entity_id and p.state is not null
"""
# A mean is public when its time is over, and the city's delay; of too few readings none is told.
_OF_ENVIRONMENT = """
select e.start as at, e.start + make_interval(secs => $6::int) as result_at,
       e.start + make_interval(secs => $6::int) as until, to_jsonb(e.mean) as result,
       e.start as told_at, e.simulated
  from uplink.v1_environment e
 where e.asset_id = w.entity_id and e.quantity = w.field and e.width_s = $6::int and e.count >= $8::int
   and e.start <= least($5::timestamptz, now()) - make_interval(secs => $6::int + $7::int)
"""
# Each place and quantity has its days, which are few.
_SERIES = """
select distinct on (asset_id, quantity)
       asset_id, quantity, unit, name, lat, lon, height_m, simulated
  from uplink.v1_environment where width_s = $1
 order by asset_id, quantity, start desc
"""
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Means:
    """Which means of the environment are public: their width, when they are, of how many readings."""

    width_s: int = 900
    delay_s: int = 0
    least: int = 0


async def environment(connection: Any) -> list[EnvironmentSeries]:
    """Return what is measured where."""
    return [EnvironmentSeries(**row) for row in await connection.fetch(_SERIES, DAY_S)]


async def pages(
    connection: Any,
    datastreams: Mapping[str, Source],
    wanted: Wanted,
    *,
    means: Means,
    at: datetime | None = None,
    exactly: datetime | None = None,
) -> dict[str, tuple[list[Entity], int | None, bool]]:
    """Return observations of datastreams, how many there are if asked for, whether there are more.

    `at` leaves out what was not public yet at that time, `exactly` all but one moment.
    """
    found: dict[str, tuple[list[Entity], int | None, bool]] = {
        name: ([], 0 if wanted.count else None, False) for name in datastreams
    }
    by_table: dict[bool, list[tuple[str, Source]]] = {True: [], False: []}
    for name, source in datastreams.items():
        by_table[source.kind == "environment"].append((name, source))
    for is_environment, some in by_table.items():
        if some:
            values = _known(some, at, means if is_environment else None)
            query = _query(wanted, values, exactly, is_environment=is_environment)
            rows = await connection.fetch(query, *values)
            _take(found, rows, wanted, is_mean=is_environment)
    return found


def _known(
    some: Sequence[tuple[str, Source]], at: datetime | None, means: Means | None
) -> list[Any]:
    """Return the parameters that a query begins with."""
    datastreams = (
        [name for name, _ in some],
        *([getattr(source, part) for _, source in some] for part in ("kind", "entity_id", "field")),
    )
    return [*datastreams, at, *((means.width_s, means.delay_s, means.least) if means else ())]


def _query(
    wanted: Wanted, values: list[Any], exactly: datetime | None, *, is_environment: bool
) -> str:
    condition = "true" if wanted.conditions is None else _sql(wanted.conditions, values)
    if exactly is not None:
        condition += f" and o.at = {_put(values, exactly, 'timestamptz')}"
    condition += " and o.at <= coalesce($5::timestamptz, 'infinity')"
    rows = f"""select * from ({_OF_ENVIRONMENT if is_environment else _OF_STATES}) o
        where {condition}"""  # noqa: S608 (constant parts and numbered parameters)
    direction = "desc" if wanted.descending else "asc"
    # By the index, and within a telling by its moments.
    order = f"o.told_at {direction}, o.at {direction}"
    if wanted.by == "result":
        order = f"o.result {direction} nulls last, {order}"
    limit = _put(values, wanted.top + 1, "bigint")
    skip = _put(values, wanted.skip, "bigint")
    total = f"(select count(*) from ({rows}) c)" if wanted.count else "null::bigint"  # noqa: S608
    return f"""
select w.name, o.at, o.result_at, o.until, o.result::text as result, o.simulated, {total} as total
  from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as w (name, kind, entity_id, field)
  left join lateral ({rows} order by {order} limit {limit} offset {skip}) o on true
"""  # noqa: S608 (constant parts and numbered parameters)


def _sql(conditions: Conditions, values: list[Any]) -> str:
    """Return conditions in SQL; what is compared becomes a parameter."""
    if isinstance(conditions, AllOf | AnyOf):
        word = " and " if isinstance(conditions, AllOf) else " or "
        return f"({word.join(_sql(item, values) for item in conditions.items)})"
    if isinstance(conditions, NoneOf):
        return f"not coalesce({_sql(conditions.item, values)}, false)"
    return _comparison(conditions, values)


def _comparison(condition: Condition, values: list[Any]) -> str:
    operator, value = OPERATORS[condition.operator], condition.value
    if condition.column != "result":
        return f"o.{condition.column} {operator} {_put(values, value, 'timestamptz')}"
    if value is None:
        return {"=": "o.result is null", "<>": "o.result is not null"}.get(operator, "false")
    if isinstance(value, str):
        # A text is compared with texts only; `#>>` takes it out of its JSON.
        compared = f"o.result #>> '{{}}' {operator} {_put(values, value, 'text')}"
        is_kind = "jsonb_typeof(o.result) = 'string'"
    else:
        number = _put(values, float(value), "float8")
        compared = f"(o.result #>> '{{}}')::float8 {operator} {number}"
        is_kind = "jsonb_typeof(o.result) = 'number'"
    otherwise = "true" if operator == "<>" else "false"
    return f"case when {is_kind} then {compared} else {otherwise} end"


def _put(values: list[Any], value: Any, form: str) -> str:
    values.append(value)
    return f"${len(values)}::{form}"


def _take(
    found: dict[str, tuple[list[Entity], int | None, bool]],
    rows: Sequence[Any],
    wanted: Wanted,
    *,
    is_mean: bool,
) -> None:
    for row in rows:
        items, _, more = found[row["name"]]
        if row["at"] is not None and len(items) < wanted.top:
            items.append(observation(row["name"], _observed(row, is_mean=is_mean)))
        elif row["at"] is not None:
            more = True
        found[row["name"]] = (items, row["total"], more)


def _observed(row: Any, *, is_mean: bool) -> Observed:
    result = None if row["result"] is None else orjson.loads(row["result"])
    return Observed(
        row["at"], row["result_at"], row["until"], result, row["simulated"], is_mean=is_mean
    )

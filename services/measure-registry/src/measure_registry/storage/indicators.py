# SPDX-License-Identifier: EUPL-1.2
"""What the KPI aggregator publishes of its indicators: a view of its schema, read and never owned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from measure_registry.domain.effect import LENGTHS, Baseline, Framed, Value

_THERE = """
select coalesce((
    select has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'kpi' and c.relname = 'v1_indicator_value'), false)
"""
_NAMED = """
select coalesce((
    select has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'kpi' and c.relname = 'v1_indicator'), false)
"""
_NAMES = "select indicator_id, title_de, title_en from kpi.v1_indicator order by title_de"
# as JSON: a KPI aggregator of an earlier version has a view without periods and baselines
_FRAMED = """
select indicator_id, unit, row ->> 'period' as period, (row ->> 'baseline')::double precision as value, (row ->> 'baseline_at')::date as at,
       row ->> 'baseline_source' as source, coalesce((row ->> 'baseline_made_up')::boolean, false) as made_up
  from kpi.v1_indicator i cross join lateral to_jsonb(i) row
 where indicator_id = any ($1::text[]) and row ->> 'period' = any ($2::text[])
"""
# as JSON: one of before does not tell versions apart
_VALUES = """
select indicator_id, title_de, title_en, unit, period, period_start, value, completeness,
       provisional, simulated, coalesce((to_jsonb(v) ->> 'in_force')::boolean, true) as in_force
  from kpi.v1_indicator_value v where indicator_id = any ($1::text[])
 order by indicator_id, period, period_start
"""


@dataclass(frozen=True, slots=True)
class Told:
    """An indicator's names, values, and the unit of those in force, if there are any."""

    title_de: str
    title_en: str
    unit: str | None
    values: tuple[Value, ...]


async def names(connection: Any) -> dict[str, dict[str, str]] | None:
    """Return the titles of all public indicators in German and English; nothing where the KPI aggregator has none to tell."""
    if not await connection.fetchval(_NAMED):
        return None
    found = await connection.fetch(_NAMES)
    return {
        row["indicator_id"]: {"de": row["title_de"], "en": row["title_en"]} for row in found
    } or None


async def framed(connection: Any, indicator_ids: Sequence[str]) -> dict[str, Framed]:
    """Return the period of the public indicators among these, and where they began if the framework says it."""
    if not await connection.fetchval(_NAMED):
        return {}
    found = await connection.fetch(_FRAMED, list(indicator_ids), list(LENGTHS))
    return {row["indicator_id"]: Framed(row["period"], _baseline(row)) for row in found}


def _baseline(row: Any) -> Baseline | None:
    if row["value"] is None:
        return None
    return Baseline(row["value"], row["unit"], row["at"], row["source"], row["made_up"])


async def told(connection: Any, indicator_ids: Sequence[str]) -> dict[str, Told] | None:
    """Return the public indicators among these that have values; nothing where the view is not there."""
    if not await connection.fetchval(_THERE):
        return None
    found: dict[str, Told] = {}
    for row in await connection.fetch(_VALUES, list(indicator_ids)):
        if row["period"] not in LENGTHS:
            continue
        value = Value(
            row["period"],
            row["period_start"],
            row["value"],
            row["completeness"],
            bool(row["provisional"]),
            bool(row["simulated"]),
            row["in_force"],
        )
        known = found.get(row["indicator_id"])
        values = (value,) if known is None else (*known.values, value)
        former = None if known is None else known.unit
        unit = row["unit"] if value.in_force else former
        found[row["indicator_id"]] = Told(row["title_de"], row["title_en"], unit, values)
    return found

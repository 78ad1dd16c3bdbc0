# SPDX-License-Identifier: EUPL-1.2
"""The views of other services that datasets are made of, read for a stretch of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from open_data_publisher.domain.sources import Source

# $1 begin, $2 end, $3 width in seconds, $4 time zone; each takes what it needs. Of a row that tells nothing
# nobody can say that it was measured: it is `simulated` or null, never false.
_ROWS: Mapping[str, str] = {
    "lot-history": """
        select lot_id, name, lat, lon, start, free_mean, free_min, free_max, occupied_mean,
               unknown_mean, completeness,
               case when simulated or completeness > 0 then simulated end as simulated
          from parking.v1_lot_history
         where start >= $1 and start < $2 and width_s = $3 and $4::text is not null
         order by start, lot_id""",
    "kind-hour": """
        select lot_id, name, lat, lon, kind, start, bays,
               occupied_s / nullif(known_s, 0) as occupied_share,
               known_s / (bays * 3600.0) as known_share,
               case when simulated or known_s > 0 then simulated end as simulated
          from parking.v1_kind_hour
         where start >= $1 and start < $2 and $3::int is not null and $4::text is not null
         order by start, lot_id, kind""",
    "stay-day": """
        select lot_id, day, arrivals, departures, dwell_median_min, dwell_mean_min, turnover,
               full_share, completeness,
               case when simulated or completeness > 0 then simulated end as simulated
          from parking.v1_stay_day
         where day >= ($1::timestamptz at time zone $4::text)::date and day < ($2::timestamptz at time zone $4::text)::date
           and $3::int is not null
         order by day, lot_id""",
    "departure-level": """
        select distinct on (planned_departure, day, trip_id, call)
               day, line, direction, trip_id, call, stop_id, stop_name, stop_lat, stop_lon,
               planned_departure, level,
               case when simulated or level is not null then simulated end as simulated
          from transit.v1_departure_level
         where planned_departure >= $1 and planned_departure < $2
           and start_date >= to_char($1::timestamptz - interval '3 days', 'YYYYMMDD')
           and start_date <= to_char($2::timestamptz + interval '2 days', 'YYYYMMDD')
           and $3::int is not null and $4::text is not null
         order by planned_departure, day, trip_id, call""",
    "departure-hour": """
        select line, direction, stop_id, min(stop_name) as stop_name, min(stop_lat) as stop_lat,
               min(stop_lon) as stop_lon, date_trunc('hour', planned_departure) as start,
               count(level)::int as departures,
               (count(*) filter (where level = 'low'))::int as low,
               (count(*) filter (where level = 'medium'))::int as medium,
               (count(*) filter (where level = 'high'))::int as high,
               case when bool_or(simulated) or count(level) > 0 then bool_or(simulated) end as simulated
          from transit.v1_departure_level
         where planned_departure >= $1 and planned_departure < $2
           and start_date >= to_char($1::timestamptz - interval '3 days', 'YYYYMMDD')
           and start_date <= to_char($2::timestamptz + interval '2 days', 'YYYYMMDD')
           and $3::int is not null and $4::text is not null
         group by line, direction, stop_id, date_trunc('hour', planned_departure)
         order by start, line, direction, stop_id""",
    "environment": """
        select asset_id, name, lat, lon, height_m, quantity, unit, start, count, mean, min, max,
               simulated
          from uplink.v1_environment
         where start >= $1 and start < $2 and width_s = $3 and $4::text is not null
         order by start, asset_id, quantity""",
    "indicators": """
        select indicator_id, mehrwert, title_de, title_en, unit, period, period_start, value, reason,
               completeness, confidence, provisional, source, extension, version,
               (select string_agg(key || '=' || value, '|' order by array_position(places, key), key)
                  from jsonb_each_text(parts)) as parts,
               evenness,
               (select string_agg(format('%s=%s (%s)', key, each ->> 'mean', each ->> 'persons'),
                                  '|' order by array_position(places, key), key)
                  from jsonb_each(means) as of_group (key, each)) as means,
               case when simulated or value is not null or reason = 'small_count' then simulated
                end as simulated,
               changed_at
          from kpi.v1_indicator_value
          left join (
            select i.indicator_id as of_indicator,
                   array(select jsonb_array_elements_text(to_jsonb(i) -> 'groups')) as places
              from kpi.v1_indicator i
          ) as framed on of_indicator = indicator_id
         where period_start >= ($1::timestamptz at time zone $4::text)::date and period_start < ($2::timestamptz at time zone $4::text)::date
           and $3::int is not null
         order by period_start, indicator_id, period""",
    "ideas": """
        select idea_id::text, title, summary, handlungsfeld, state, priority, submitted_at,
               goes_on, goes_on_in
          from registry.v1_idea
         where $1::timestamptz < $2::timestamptz and $3::int is not null and $4::text is not null
         order by idea_id""",
    "measures": """
        select measure_id::text, title, summary, handlungsfelder::text, reifegrad::text, state
          from registry.v1_measure
         where $1::timestamptz < $2::timestamptz and $3::int is not null and $4::text is not null
         order by measure_id""",
}
# Each lot's first bucket is one step in its index; the least of all rows were a walk over all.
_FIRST_OF_LOTS = """
select min((select start from parking.v1_lot_history h
             where h.lot_id = l.lot_id and h.width_s = $1 order by start limit 1))
  from parking.v1_lot l
"""
_FIRST_DEPARTURE = """
select min(planned_departure) from transit.v1_departure_level
 where start_date = (select start_date from transit.v1_departure_level order by start_date limit 1)
   and $1::int is not null
"""
_FIRST: Mapping[str, str] = {
    "lot-history": _FIRST_OF_LOTS,
    "kind-hour": _FIRST_OF_LOTS,
    "stay-day": "select min(day)::timestamp at time zone 'UTC' from parking.v1_stay_day where $1::int is not null",
    "departure-level": _FIRST_DEPARTURE,
    "departure-hour": _FIRST_DEPARTURE,
    "environment": "select min(start) from uplink.v1_environment where width_s = $1",
}
# Asked of the catalogue: a schema that is closed to this role has no public view.
_COLUMNS = """
select array_agg(a.attname::text)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where n.nspname = split_part($1, '.', 1) and c.relname = split_part($1, '.', 2)
   and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
"""
# Columns of a dataset that a view has under another name, or that are made of others.
_MADE = {"occupied_share": "occupied_s", "known_share": "known_s"}
_COUNTED = {
    "departure-hour": (
        *("planned_departure", "level", "line", "direction", "stop_id"),
        *("stop_name", "stop_lat", "stop_lon", "simulated"),
    )
}


async def is_there(connection: Any, source: Source) -> bool:
    """Tell whether a source's view exists, may be read and has the columns."""
    there = await connection.fetchval(_COLUMNS, source.view)
    names = _COUNTED.get(source.source_id) or tuple(
        _MADE.get(column.name, column.name) for column in source.columns
    )
    published_at = [source.published_at] if source.published_at else []
    return there is not None and {*names, *published_at} <= set(there)


async def first_time(connection: Any, source: Source, width_s: int) -> datetime | None:
    """Return when a source begins; nothing where it is empty."""
    value: datetime | None = await connection.fetchval(_FIRST[source.source_id], width_s)
    return value


async def rows(
    connection: Any,
    source: Source,
    *,
    begin: datetime,
    end: datetime,
    width_s: int,
    timezone: str,
) -> list[Any]:
    """Return a source's rows of a stretch of time, in a stable order."""
    found: list[Any] = await connection.fetch(
        _ROWS[source.source_id], begin, end, width_s, timezone
    )
    return found

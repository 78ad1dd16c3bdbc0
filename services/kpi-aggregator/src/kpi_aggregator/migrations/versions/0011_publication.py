# SPDX-License-Identifier: EUPL-1.2
"""Parts of values for others, and what the policy of each indicator holds back."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# The same policy as in `domain/publication.py`: nothing before its delay, no counts below the least
# one, and with a single such part the smallest other one is left out too.
UP = """
create function kpi.told_parts(parts jsonb, policy jsonb) returns jsonb
language sql stable set search_path = pg_catalog as $$
with given as (
    select key as part, value::bigint as number,
           value::bigint > 0 and value::bigint < coalesce((policy ->> 'least_count')::integer, 1)
             as small
      from jsonb_each_text(parts)
),
ranked as (
    select part, number, small, count(*) filter (where small) over () as smalls,
           row_number() over (order by small or number = 0, number, part) as place
      from given
)
select case when parts is null then null
            when not coalesce(policy -> 'fields' ? 'parts', true) then null
            else (select coalesce(jsonb_object_agg(part, number), '{}'::jsonb) from ranked
                   where not small and not (smalls = 1 and place = 1 and number > 0)) end
$$;
create function kpi.evenness(parts jsonb, groups integer) returns double precision
language sql immutable set search_path = pg_catalog as $$
select case when groups < 2 or sum(value::float8) <= 0 then null
            else abs(sum(case when value::float8 > 0 then
                   value::float8 / total * ln(value::float8 / total) end)) / ln(groups) end
  from (select value, sum(value::float8) over () as total from jsonb_each_text(parts)) shares
$$;
create or replace view kpi.v1_indicator_value as
with told as (
    select i.indicator_id, i.definition, i.definition -> 'publication' as policy,
           (i.definition ->> 'whole')::boolean as whole,
           i.definition ->> 'source' = 'formula' as computed,
           coalesce((select timezone from kpi.configuration), 'UTC') as zone,
           coalesce((i.definition #>> '{publication,delay_days}')::integer, 0) as delay_days,
           coalesce((i.definition #>> '{publication,least_count}')::integer, 1) as least
      from kpi.indicator i
     where i.retired_at is null and (i.definition ->> 'public')::boolean
),
held as (
    select t.*, v.period, v.period_start, v.value, v.reason, v.completeness, v.confidence,
           v.provisional, v.simulated, v.version, v.cause, v.changed_at, null::jsonb as parts
      from told t join (
        select distinct on (indicator_id, period, period_start)
               indicator_id, period, period_start, value, reason, completeness, confidence,
               provisional, simulated, formula_version as version, cause, computed_at as changed_at
          from kpi.computed_value
         order by indicator_id, period, period_start, number desc
      ) v using (indicator_id)
     where t.computed
     union all
    select t.*, v.period, v.period_start, v.value, null, v.completeness, null, false, false,
           v.indicator_version, v.cause, v.decided_at, v.parts
      from told t join (
        select distinct on (indicator_id, period, period_start) *
          from kpi.indicator_value
         where state = 'approved'
         order by indicator_id, period, period_start, decided_at desc, value_id desc
      ) v using (indicator_id)
     where t.computed is not true
),
timed as (
    select h.*, coalesce(h.whole and h.value > 0 and h.value < h.least, false) as small,
           (h.period_start + make_interval(days => h.delay_days)
              + case h.period when 'day' then interval '1 day' when 'week' then interval '7 days'
                              when 'month' then interval '1 month'
                              when 'quarter' then interval '3 months'
                              else interval '1 year' end) at time zone h.zone as due_at
      from held h
),
due as (
    select *, case when delay_days > 0 then greatest(changed_at, due_at) else changed_at end
                as told_at
      from timed where delay_days = 0 or due_at <= now()
)
select indicator_id, definition ->> 'mehrwert' as mehrwert,
       definition #>> '{title,de}' as title_de, definition #>> '{title,en}' as title_en,
       definition ->> 'unit' as unit, period, period_start,
       case when small then null else value end as value,
       case when small then 'small_count' else reason end as reason,
       completeness, confidence, provisional, simulated, version, cause, told_at as changed_at,
       definition ->> 'source' as source, (definition ->> 'extension')::boolean as extension,
       case when not small then kpi.told_parts(parts, nullif(policy, 'null'::jsonb)) end as parts,
       case when not small and kpi.told_parts(parts, nullif(policy, 'null'::jsonb)) is not null
                 and coalesce(definition -> 'group_scores', '{}'::jsonb) = '{}'::jsonb
            then kpi.evenness(parts, jsonb_array_length(definition -> 'groups')) end as evenness
  from due;
"""

DOWN = """
drop view kpi.v1_indicator_value;
drop function kpi.told_parts(jsonb, jsonb);
drop function kpi.evenness(jsonb, integer);
create view kpi.v1_indicator_value as
select i.indicator_id, i.definition ->> 'mehrwert' as mehrwert,
       i.definition #>> '{title,de}' as title_de, i.definition #>> '{title,en}' as title_en,
       i.definition ->> 'unit' as unit, v.period, v.period_start, v.value, v.reason,
       v.completeness, v.confidence, v.provisional, v.simulated, v.version, v.cause, v.changed_at,
       i.definition ->> 'source' as source, (i.definition ->> 'extension')::boolean as extension
  from kpi.indicator i
  join (
    select distinct on (indicator_id, period, period_start)
           indicator_id, period, period_start, value, reason, completeness, confidence,
           provisional, simulated, formula_version as version, cause, computed_at as changed_at
      from kpi.computed_value
     order by indicator_id, period, period_start, number desc
  ) v on v.indicator_id = i.indicator_id
 where i.retired_at is null and (i.definition ->> 'public')::boolean
   and i.definition ->> 'source' = 'formula'
 union all
select i.indicator_id, i.definition ->> 'mehrwert', i.definition #>> '{title,de}',
       i.definition #>> '{title,en}', i.definition ->> 'unit', v.period, v.period_start, v.value,
       null, v.completeness, null, false, false, v.indicator_version, v.cause, v.decided_at,
       i.definition ->> 'source', (i.definition ->> 'extension')::boolean
  from kpi.indicator i
  join (
    select distinct on (indicator_id, period, period_start) *
      from kpi.indicator_value
     where state = 'approved'
     order by indicator_id, period, period_start, decided_at desc, value_id desc
  ) v on v.indicator_id = i.indicator_id
 where i.retired_at is null and (i.definition ->> 'public')::boolean
   and i.definition ->> 'source' is distinct from 'formula';
grant select on kpi.v1_indicator_value to public;
"""


def upgrade() -> None:
    """Let the view tell parts, and no more than the policy allows."""
    op.execute(UP)


def downgrade() -> None:
    """Let it tell what it told before, without policies."""
    op.execute(DOWN)

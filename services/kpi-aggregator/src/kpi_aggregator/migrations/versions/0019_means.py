# SPDX-License-Identifier: EUPL-1.2
"""Values of surveys tell what groups say on the mean."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# In a table of its own: instances of the version before read whole rows of `indicator_value` while an
# upgrade rolls.
MEANS = """
create table kpi.value_means (
    value_id bigint primary key references kpi.indicator_value on delete cascade,
    means jsonb not null
);
create view kpi.entered_value as
select v.*, (select m.means from kpi.value_means m where m.value_id = v.value_id) as means
  from kpi.indicator_value v;
"""
# The same policy as in `domain/publication.py`, the same author as in `domain/values.py`.
VIEW = """
create or replace view kpi.v1_indicator_value as
with told as (
    select i.indicator_id, i.definition, i.definition -> 'publication' as policy,
           (i.definition ->> 'whole')::boolean as whole,
           i.definition ->> 'source' = 'formula' as computed,
           coalesce((select timezone from kpi.configuration), 'UTC') as zone,
           coalesce((i.definition #>> '{publication,delay_days}')::integer, 0) as delay_days,
           coalesce((i.definition #>> '{publication,least_count}')::integer, 1) as least,
           array_position(array['day', 'week', 'month', 'quarter', 'year'],
                          i.definition #>> '{publication,least_period}') as shortest,
           (i.definition #>> '{publication,decimals}')::integer as decimals
      from kpi.indicator i
     where i.retired_at is null and (i.definition ->> 'public')::boolean
),
held as (
    select t.*, v.period, v.period_start, v.value, v.reason, v.completeness, v.confidence,
           v.provisional, v.simulated, v.version, v.cause, v.changed_at, null::jsonb as parts, null::jsonb as means
      from told t join (
        select distinct on (indicator_id, period, period_start)
               indicator_id, period, period_start, value, reason, completeness, confidence,
               provisional, simulated, formula_version as version, cause, computed_at as changed_at
          from kpi.computed_value
         order by indicator_id, period, period_start, number desc
      ) v using (indicator_id)
     where t.computed
     union all
    select t.*, v.period, v.period_start, v.value, null, v.completeness, null, null, v.author = 'demo',
           v.indicator_version, v.cause, v.decided_at, v.parts, v.means
      from told t join (
        select distinct on (indicator_id, period, period_start) *
          from kpi.entered_value
         where state = 'approved'
         order by indicator_id, period, period_start, decided_at desc, value_id desc
      ) v using (indicator_id)
     where t.computed is not true
),
timed as (
    select h.*, coalesce(h.whole and h.value > 0 and h.value < h.least, false) as small,
           (h.period_start + lasts) at time zone h.zone as over_at,
           (h.period_start + lasts + make_interval(days => h.delay_days))
             at time zone h.zone as due_at
      from held h, lateral (
        select case h.period when 'day' then interval '1 day' when 'week' then interval '7 days'
                             when 'month' then interval '1 month'
                             when 'quarter' then interval '3 months'
                             else interval '1 year' end as lasts
      ) as of_period
),
due as (
    select *, case when delay_days > 0 then greatest(changed_at, due_at) else changed_at end
                as told_at
      from timed
     where (delay_days = 0 or due_at <= now())
       and (shortest is null
            or not coalesce(provisional, over_at > now())
               and array_position(array['day', 'week', 'month', 'quarter', 'year'], period) >= shortest)
)
select indicator_id, definition ->> 'mehrwert' as mehrwert,
       definition #>> '{title,de}' as title_de, definition #>> '{title,en}' as title_en,
       definition ->> 'unit' as unit, period, period_start,
       case when small then null when decimals is null then value
            else round(value::numeric, decimals)::float8 end as value,
       case when small then 'small_count' else reason end as reason,
       completeness, confidence, coalesce(provisional, over_at > now()) as provisional, simulated, version, cause, told_at as changed_at,
       definition ->> 'source' as source, (definition ->> 'extension')::boolean as extension,
       case when not small then kpi.told_parts(parts, nullif(policy, 'null'::jsonb)) end as parts,
       case when not small and kpi.told_parts(parts, nullif(policy, 'null'::jsonb)) = parts
                 and coalesce(definition -> 'group_scores', '{}'::jsonb) = '{}'::jsonb
            then kpi.evenness(parts, jsonb_array_length(definition -> 'groups')) end as evenness,
       case when not small then (
         select jsonb_object_agg(m.key, m.value)
           from jsonb_each(means) as m
          where kpi.told_parts(
                  (select jsonb_object_agg(key, value -> 'persons') from jsonb_each(means)),
                  nullif(policy, 'null'::jsonb)) ? m.key
       ) end as means
  from due;
"""
BEFORE = """
drop view kpi.v1_indicator_value;
drop view kpi.entered_value;
drop table kpi.value_means;
create view kpi.v1_indicator_value as
with told as (
    select i.indicator_id, i.definition, i.definition -> 'publication' as policy,
           (i.definition ->> 'whole')::boolean as whole,
           i.definition ->> 'source' = 'formula' as computed,
           coalesce((select timezone from kpi.configuration), 'UTC') as zone,
           coalesce((i.definition #>> '{publication,delay_days}')::integer, 0) as delay_days,
           coalesce((i.definition #>> '{publication,least_count}')::integer, 1) as least,
           array_position(array['day', 'week', 'month', 'quarter', 'year'],
                          i.definition #>> '{publication,least_period}') as shortest,
           (i.definition #>> '{publication,decimals}')::integer as decimals
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
    select t.*, v.period, v.period_start, v.value, null, v.completeness, null, null, v.author = 'demo',
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
           (h.period_start + lasts) at time zone h.zone as over_at,
           (h.period_start + lasts + make_interval(days => h.delay_days))
             at time zone h.zone as due_at
      from held h, lateral (
        select case h.period when 'day' then interval '1 day' when 'week' then interval '7 days'
                             when 'month' then interval '1 month'
                             when 'quarter' then interval '3 months'
                             else interval '1 year' end as lasts
      ) as of_period
),
due as (
    select *, case when delay_days > 0 then greatest(changed_at, due_at) else changed_at end
                as told_at
      from timed
     where (delay_days = 0 or due_at <= now())
       and (shortest is null
            or not coalesce(provisional, over_at > now())
               and array_position(array['day', 'week', 'month', 'quarter', 'year'], period) >= shortest)
)
select indicator_id, definition ->> 'mehrwert' as mehrwert,
       definition #>> '{title,de}' as title_de, definition #>> '{title,en}' as title_en,
       definition ->> 'unit' as unit, period, period_start,
       case when small then null when decimals is null then value
            else round(value::numeric, decimals)::float8 end as value,
       case when small then 'small_count' else reason end as reason,
       completeness, confidence, coalesce(provisional, over_at > now()) as provisional, simulated, version, cause, told_at as changed_at,
       definition ->> 'source' as source, (definition ->> 'extension')::boolean as extension,
       case when not small then kpi.told_parts(parts, nullif(policy, 'null'::jsonb)) end as parts,
       case when not small and kpi.told_parts(parts, nullif(policy, 'null'::jsonb)) = parts
                 and coalesce(definition -> 'group_scores', '{}'::jsonb) = '{}'::jsonb
            then kpi.evenness(parts, jsonb_array_length(definition -> 'groups')) end as evenness
  from due;
comment on view kpi.v1_indicator_value is 'The value of each period of the public indicators that holds.';
grant select on kpi.v1_indicator_value to public;
"""


def upgrade() -> None:
    """Keep means of groups, and tell them as parts are told."""
    op.execute(MEANS)
    op.execute(VIEW)


def downgrade() -> None:
    """Forget them."""
    op.execute(BEFORE)

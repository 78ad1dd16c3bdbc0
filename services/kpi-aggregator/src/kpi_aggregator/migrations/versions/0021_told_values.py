# SPDX-License-Identifier: EUPL-1.2
"""Values entered before the end of their period are so far until confirmed; hidden parts follow from no sum."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Whoever may read the view of everybody has no rights on the tables that this looks into.
# A view of its own: instances of the version before read whole rows of `entered_value` while an upgrade
# rolls. Values are stored through it, so that it has no joins. The source of a survey is of the days on
# which people were asked, whatever the period.
DATED = """
create function kpi.is_so_far(v kpi.entered_value) returns boolean language sql stable
    security definer set search_path = pg_catalog, pg_temp as $$
select v.author <> 'demo' and (
         coalesce(v.decided_at, now()) < over.at
         or v.source_date < over.last_day and v.group_size is null
            and not (v.proposed_at >= over.at
                     and exists (select from kpi.indicator_value e
                                  where (e.indicator_id, e.period, e.period_start)
                                      = (v.indicator_id, v.period, v.period_start)
                                    and e.state = 'approved' and e.author <> 'demo'
                                    and e.value_id <> v.value_id and e.decided_at <= v.proposed_at))
       )
  from (select case v.period when 'day' then interval '1 day' when 'week' then interval '7 days'
                             when 'month' then interval '1 month'
                             when 'quarter' then interval '3 months'
                             else interval '1 year' end as lasts) as of_period,
       lateral (select (v.period_start + lasts) at time zone
                         coalesce((select timezone from kpi.configuration), 'UTC') as at,
                       (v.period_start + lasts)::date - 1 as last_day) as over
$$;
create view kpi.dated_value as select v.*, kpi.is_so_far(v) as so_far from kpi.entered_value v;
"""
# The same policy as in `domain/publication.py`; `total` is what the parts are parts of.
PARTS = """
create function kpi.told_parts(parts jsonb, policy jsonb, total double precision) returns jsonb
language sql stable set search_path = pg_catalog as $$
with given as (
    select key as part, value::bigint as number,
           coalesce((policy ->> 'least_count')::integer, 1) as least
      from jsonb_each_text(parts)
),
small as (
    select count(*) filter (where number > 0 and number < least) as parts,
           coalesce(sum(number) filter (where number > 0 and number < least), 0) as number,
           greatest(coalesce(trunc(total)::bigint - sum(number), 0), 0) as rest
      from given
),
before as (
    select given.*, count(*) over smaller as others,
           coalesce(sum(given.number) over smaller, 0) as others_number
      from given
     where given.number >= least
    window smaller as (order by given.number
                       range between unbounded preceding and current row exclude group)
),
others as (
    select before.part, before.number,
           small.parts = 0 and not (small.rest > 0 and small.rest < least)
             or hidden.parts > 1 and (others > 0 or small.rest >= least)
                and hidden.number >= least + hidden.parts as told
      from before, small, lateral (
        select small.parts + (small.rest > 0)::integer + others as parts,
               small.number + small.rest + others_number as number
      ) as hidden
)
select case when parts is null then null
            when not coalesce(policy -> 'fields' ? 'parts', true) then null
            else (select coalesce(jsonb_object_agg(part, number), '{}'::jsonb)
                    from (select part, number from given where number <= 0
                           union all
                          select part, number from others where told) as all_told) end
$$;
"""
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
           v.provisional, v.simulated, v.version, v.cause, v.changed_at, null::jsonb as parts, null::jsonb as means,
           null::integer as group_size
      from told t join (
        select distinct on (indicator_id, period, period_start)
               indicator_id, period, period_start, value, reason, completeness, confidence,
               provisional, simulated, formula_version as version, cause, computed_at as changed_at
          from kpi.computed_value
         order by indicator_id, period, period_start, number desc
      ) v using (indicator_id)
     where t.computed
     union all
    select t.*, v.period, v.period_start, v.value, null, v.completeness, null,
           case when v.so_far then true end, v.author = 'demo',
           v.indicator_version, v.cause, v.decided_at, v.parts, v.means, v.group_size
      from told t join (
        select distinct on (indicator_id, period, period_start) *
          from kpi.dated_value
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
    select *, case when definition ->> 'parts' is distinct from 'percent'
                   then case when whole then value else group_size end end as total,
           case when delay_days > 0 then greatest(changed_at, due_at) else changed_at end
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
       case when not small then kpi.told_parts(parts, nullif(policy, 'null'::jsonb), total) end as parts,
       case when not small and kpi.told_parts(parts, nullif(policy, 'null'::jsonb), total) = parts
                 and coalesce(definition -> 'group_scores', '{}'::jsonb) = '{}'::jsonb
            then kpi.evenness(parts, jsonb_array_length(definition -> 'groups')) end as evenness,
       case when not small then (
         select jsonb_object_agg(m.key, m.value)
           from jsonb_each(means) as m
          where kpi.told_parts(
                  (select jsonb_object_agg(key, value -> 'persons') from jsonb_each(means)),
                  nullif(policy, 'null'::jsonb), group_size) ? m.key
       ) end as means
  from due;
drop function kpi.told_parts(jsonb, jsonb);
"""
PARTS_BEFORE = """
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
"""
BEFORE = """
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
drop function kpi.told_parts(jsonb, jsonb, double precision);
drop view kpi.dated_value;
drop function kpi.is_so_far(kpi.entered_value);
"""


def upgrade() -> None:
    """Tell of each entered value whether it is one so far; leave out more where the sum would tell what is left out."""
    op.execute(DATED)
    op.execute(PARTS)
    op.execute(VIEW)


def downgrade() -> None:
    """Take what was entered for the value of the whole period; leave out one other part beside a single small one."""
    op.execute(PARTS_BEFORE)
    op.execute(BEFORE)

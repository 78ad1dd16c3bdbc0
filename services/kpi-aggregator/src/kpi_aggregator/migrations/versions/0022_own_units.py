# SPDX-License-Identifier: EUPL-1.2
"""Each value is told in the unit of the version that it is of, and whether that version is in force."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# What was told by which version: the framework's own versions are kept.
VERSIONS = """
create view kpi.version_unit as
select distinct on (kind, id, version) kind, id, version, unit
  from (
    select 'indicator' as kind, e ->> 'indicator_id' as id, (e ->> 'version')::integer as version,
           e ->> 'unit' as unit, number
      from kpi.framework_version,
           jsonb_array_elements(nullif(definition -> 'indicators', 'null')) as e
     union all
    select 'formula', e ->> 'formula', (e ->> 'version')::integer, e ->> 'unit', number
      from kpi.framework_version,
           jsonb_array_elements(nullif(definition -> 'formulas', 'null')) as e
  ) as told
 order by kind, id, version, number desc;
"""
VALUES = """
told as (
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
           null::integer as group_size, v.formula_id
      from told t join (
        select distinct on (indicator_id, period, period_start)
               indicator_id, period, period_start, value, reason, completeness, confidence,
               provisional, simulated, formula_id, formula_version as version, cause,
               computed_at as changed_at
          from kpi.computed_value
         order by indicator_id, period, period_start, number desc
      ) v using (indicator_id)
     where t.computed
     union all
    select t.*, v.period, v.period_start, v.value, null, v.completeness, null,
           case when v.so_far then true end, v.author = 'demo',
           v.indicator_version, v.cause, v.decided_at, v.parts, v.means, v.group_size, null
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
       @unit@ as unit, period, period_start,
       case when small then null when decimals is null then value
            else round(value::numeric, decimals)::float8 end as value,
       case when small then 'small_count' else reason end as reason,
       completeness, confidence, coalesce(provisional, over_at > now()) as provisional, simulated, due.version, cause, told_at as changed_at,
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
"""
OWN_UNIT = """,
       coalesce(case when computed
                     then formula_id = definition ->> 'formula'
                          and due.version = (select (f.definition ->> 'version')::integer from kpi.formula f
                                          where f.formula_id = due.formula_id and f.retired_at is null)
                     else due.version = (definition ->> 'version')::integer end, false) as in_force
  from due
  left join unit_of u
    on (u.kind, u.id, u.version)
       = (case when computed then 'formula' else 'indicator' end,
          case when computed then formula_id else indicator_id end, due.version);
"""


def upgrade() -> None:
    """Tell the unit of each value's own version."""
    op.execute(VERSIONS)
    told = VALUES.replace("@unit@", "coalesce(u.unit, definition ->> 'unit')")
    units = "with unit_of as materialized (select * from kpi.version_unit),"
    view = f"create or replace view kpi.v1_indicator_value as {units} {told}{OWN_UNIT}"
    op.execute(view)


def downgrade() -> None:
    """Tell all in the unit of today."""
    op.execute("drop view kpi.v1_indicator_value")
    op.execute("drop view kpi.version_unit")
    told = VALUES.replace("@unit@", "definition ->> 'unit'")
    op.execute(f"create view kpi.v1_indicator_value as with {told} from due")
    op.execute(
        "comment on view kpi.v1_indicator_value is"
        " 'The value of each period of the public indicators that holds.'"
    )
    op.execute("grant select on kpi.v1_indicator_value to public")

# SPDX-License-Identifier: EUPL-1.2
"""A value approved after a whole one of its period corrects it, also where it was proposed before that was approved."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# As in 0021, but for what tells that somebody looked at the whole period: `e`.
DATED = """
create or replace function kpi.is_so_far(v kpi.entered_value) returns boolean language sql stable
    security definer set search_path = pg_catalog, pg_temp as $$
select v.author <> 'demo' and (
         coalesce(v.decided_at, now()) < over.at
         or v.source_date < over.last_day and v.group_size is null
            and not (v.proposed_at >= over.at
                     and exists (select from kpi.indicator_value e
                                  where (e.indicator_id, e.period, e.period_start)
                                      = (v.indicator_id, v.period, v.period_start)
                                    and e.state = 'approved' and e.author <> 'demo'
                                    and e.value_id <> v.value_id and @corrected@))
       )
  from (select case v.period when 'day' then interval '1 day' when 'week' then interval '7 days'
                             when 'month' then interval '1 month'
                             when 'quarter' then interval '3 months'
                             else interval '1 year' end as lasts) as of_period,
       lateral (select (v.period_start + lasts) at time zone
                         coalesce((select timezone from kpi.configuration), 'UTC') as at,
                       (v.period_start + lasts)::date - 1 as last_day) as over
$$;
"""
CONFIRMED = "e.decided_at <= v.proposed_at"
# The first whole one is so by its own source, or confirms one before it.
CORRECTED = f"""({CONFIRMED}
     or e.decided_at >= over.at and e.decided_at < coalesce(v.decided_at, now())
        and (e.source_date >= over.last_day or e.group_size is not null
             or e.proposed_at >= over.at
                and exists (select from kpi.indicator_value f
                             where (f.indicator_id, f.period, f.period_start)
                                 = (v.indicator_id, v.period, v.period_start)
                               and f.state = 'approved' and f.author <> 'demo'
                               and f.decided_at <= e.proposed_at)))"""


def upgrade() -> None:
    """Take a value for the whole period's where a whole one was approved before it."""
    op.execute(DATED.replace("@corrected@", CORRECTED))


def downgrade() -> None:
    """Take it for that only where the other was approved before it was proposed."""
    op.execute(DATED.replace("@corrected@", CONFIRMED))

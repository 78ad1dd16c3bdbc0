# SPDX-License-Identifier: EUPL-1.2
"""In which order the framework names the groups of public indicators, for who lists them."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

VIEW = """
create or replace view kpi.v1_indicator as
select indicator_id, definition ->> 'mehrwert' as mehrwert, definition #>> '{title,de}' as title_de,
       definition #>> '{title,en}' as title_en, definition ->> 'unit' as unit,
       (definition #>> '{baseline,value}')::double precision as baseline,
       (definition #>> '{baseline,at}')::date as baseline_at,
       definition #>> '{baseline,source}' as baseline_source,
       (definition #>> '{baseline,demo}')::boolean as baseline_made_up,
       definition ->> 'period' as period,
       coalesce(nullif(definition -> 'groups', 'null'), '[]')
         || coalesce(nullif(definition -> 'mean_groups', 'null'), '[]') as groups
  from kpi.indicator
 where retired_at is null and (definition ->> 'public')::boolean;
"""
BEFORE = """
drop view kpi.v1_indicator;
create view kpi.v1_indicator as
select indicator_id, definition ->> 'mehrwert' as mehrwert, definition #>> '{title,de}' as title_de,
       definition #>> '{title,en}' as title_en, definition ->> 'unit' as unit,
       (definition #>> '{baseline,value}')::double precision as baseline,
       (definition #>> '{baseline,at}')::date as baseline_at,
       definition #>> '{baseline,source}' as baseline_source,
       (definition #>> '{baseline,demo}')::boolean as baseline_made_up,
       definition ->> 'period' as period
  from kpi.indicator
 where retired_at is null and (definition ->> 'public')::boolean;
comment on view kpi.v1_indicator is 'The public indicators that are in force.';
grant select on kpi.v1_indicator to public;
"""


def upgrade() -> None:
    """Tell the groups that parts and means name."""
    op.execute(VIEW)


def downgrade() -> None:
    """Tell none."""
    op.execute(BEFORE)

# SPDX-License-Identifier: EUPL-1.2
"""Which period public indicators are of, for who compares values or holds them against the baseline."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
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
       definition ->> 'period' as period
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
       (definition #>> '{baseline,demo}')::boolean as baseline_made_up
  from kpi.indicator
 where retired_at is null and (definition ->> 'public')::boolean;
comment on view kpi.v1_indicator is 'The public indicators that are in force.';
grant select on kpi.v1_indicator to public;
"""


def upgrade() -> None:
    """Tell the period that values and baselines are of."""
    op.execute(VIEW)


def downgrade() -> None:
    """Tell names and baselines alone."""
    op.execute(BEFORE)

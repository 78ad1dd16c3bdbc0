# SPDX-License-Identifier: EUPL-1.2
"""Values of public indicators, for who publishes them."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = """
create view kpi.v1_indicator_value as
select i.indicator_id, i.definition ->> 'mehrwert' as mehrwert,
       i.definition #>> '{title,de}' as title_de, i.definition #>> '{title,en}' as title_en,
       i.definition ->> 'unit' as unit, v.period, v.period_start, v.value, null::text as reason,
       v.completeness, null::text as confidence, false as provisional, false as simulated,
       v.indicator_version as version, v.cause, v.decided_at as changed_at,
       i.definition ->> 'source' as source,
       (i.definition ->> 'extension')::boolean as extension
  from kpi.indicator i
  join (
    select distinct on (indicator_id, period, period_start) *
      from kpi.indicator_value
     where state = 'approved'
     order by indicator_id, period, period_start, decided_at desc, value_id desc
  ) v using (indicator_id)
 where i.retired_at is null and (i.definition ->> 'public')::boolean;
comment on view kpi.v1_indicator_value is
    'The value of each period of the public indicators that holds.';
grant usage on schema kpi to public;
grant select on kpi.v1_indicator_value to public;
"""


def upgrade() -> None:
    """Create the view."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop view kpi.v1_indicator_value")

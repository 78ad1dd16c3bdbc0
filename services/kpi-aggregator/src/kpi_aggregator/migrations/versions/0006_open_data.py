"""Values of public indicators, for who publishes them."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Parts of a survey are left out: groups are protected by the framework, not by this view.
UP = """
create view kpi.v1_indicator_value as
select v.indicator_id, i.definition ->> 'mehrwert' as mehrwert,
       i.definition -> 'title' ->> 'de' as title_de, i.definition -> 'title' ->> 'en' as title_en,
       i.definition ->> 'unit' as unit, i.definition ->> 'direction' as direction,
       v.period, v.period_start, v.value, v.completeness, v.source, v.indicator_version,
       v.decided_at as published_at
  from (
    select distinct on (indicator_id, period, period_start) *
      from kpi.indicator_value
     where state = 'approved'
     order by indicator_id, period, period_start, decided_at desc, value_id desc
  ) v
  join kpi.indicator i using (indicator_id)
 where i.retired_at is null and (i.definition ->> 'public')::boolean;
comment on view kpi.v1_indicator_value is
    'The approved value of each period of the public indicators.';
grant usage on schema kpi to public;
grant select on kpi.v1_indicator_value to public;
"""


def upgrade() -> None:
    """Create the view."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop view kpi.v1_indicator_value")

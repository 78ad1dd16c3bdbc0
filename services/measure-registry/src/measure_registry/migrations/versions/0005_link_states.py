# SPDX-License-Identifier: EUPL-1.2
"""Links to indicators tell in which state the measure or sub-project is."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

VIEW = """
create or replace view registry.v1_indicator_link as
select kind, undertaking_id, l.link ->> 'indicator_id' as indicator_id,
       (l.link ->> 'effective_on')::date as effective_on, l.link ->> 'expected' as expected,
       definition #>> '{{title,de}}' as title, definition #>> '{{title,en}}' as title_en{more}
  from registry.undertaking, jsonb_array_elements(definition -> 'indicators') as l (link)
 where retired_at is null;
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(VIEW.format(more=", definition ->> 'state' as state"))


def downgrade() -> None:
    """Take it away."""
    op.execute("drop view registry.v1_indicator_link")
    op.execute(VIEW.format(more=""))
    op.execute("grant select on registry.v1_indicator_link to public")

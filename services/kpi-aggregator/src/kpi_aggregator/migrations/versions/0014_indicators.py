# SPDX-License-Identifier: EUPL-1.2
"""The public indicators by name, with or without values: for who links to them."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UP = """
create view kpi.v1_indicator as
select indicator_id, definition ->> 'mehrwert' as mehrwert, definition #>> '{title,de}' as title_de,
       definition #>> '{title,en}' as title_en, definition ->> 'unit' as unit
  from kpi.indicator
 where retired_at is null and (definition ->> 'public')::boolean;
comment on view kpi.v1_indicator is 'The public indicators that are in force.';
grant select on kpi.v1_indicator to public;
"""


def upgrade() -> None:
    """Create the view."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop view kpi.v1_indicator")

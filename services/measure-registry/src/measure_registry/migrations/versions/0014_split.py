# SPDX-License-Identifier: EUPL-1.2
"""A split idea goes on in its parts: since when, so that it is on no board and asks nobody for anything."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SPLIT = """
alter table registry.idea add column split_at timestamptz;
update registry.idea i set split_at = l.at
  from (select source_id, min(at) as at from registry.lineage where kind = 'split' group by source_id) l
 where l.source_id = i.idea_id and i.merged_into is null;
drop index registry.idea_on_board;
create index idea_on_board on registry.idea (state, number) where merged_into is null and split_at is null;
"""
BEFORE = """
drop index registry.idea_on_board;
create index idea_on_board on registry.idea (state, number) where merged_into is null;
alter table registry.idea drop column split_at;
"""


def upgrade() -> None:
    """Add the time, from the links of ideas that were split before."""
    op.execute(SPLIT)


def downgrade() -> None:
    """Forget it; the links stay."""
    op.execute(BEFORE)

# SPDX-License-Identifier: EUPL-1.2
"""Which lots and bays were ever public, so that what was public then is found entity by entity."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UP = """
create table opendata.known (
    kind text not null,
    entity_id text not null,
    primary key (kind, entity_id)
);
insert into opendata.known (kind, entity_id)
select distinct kind, entity_id from opendata.past where kind in ('lot', 'bay');
"""


def upgrade() -> None:
    """Make the table of what was told so far."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it: the past is searched as a whole again."""
    op.execute("drop table opendata.known")

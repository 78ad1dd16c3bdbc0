# SPDX-License-Identifier: EUPL-1.2
"""Since when static feeds are made as they are: what changes them beside the states."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UP = """
create table opendata.standing_mark (
    mark text primary key,
    rules bytea,
    since timestamptz not null
)
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it; versions of static feeds are those of the states again."""
    op.execute("drop table opendata.standing_mark")

# SPDX-License-Identifier: EUPL-1.2
"""Since when each entry of the catalogue is listed."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UP = """
create table opendata.listed (
    entry_id text primary key,
    created_at timestamptz not null
);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it; entries are new then."""
    op.execute("drop table opendata.listed")

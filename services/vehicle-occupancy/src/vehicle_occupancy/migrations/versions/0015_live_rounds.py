# SPDX-License-Identifier: EUPL-1.2
"""Until when live forecasts hold."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UP = """
create table transit.live_round (
    day date primary key,
    valid_until timestamptz not null
);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table transit.live_round")

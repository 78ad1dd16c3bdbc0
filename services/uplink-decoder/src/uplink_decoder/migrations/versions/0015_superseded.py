# SPDX-License-Identifier: EUPL-1.2
"""What was superseded lately, for readers of v1_observation."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UPGRADE = """
create index observation_superseded on observation (superseded_at)
    where superseded_at is not null;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("drop index observation_superseded")

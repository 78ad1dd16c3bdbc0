# SPDX-License-Identifier: EUPL-1.2
"""The feed reads what was published or changed last, by an index of its own."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute(
        "create index idea_changed_last on registry.idea (changed_at, number)"
        " where published_at is not null"
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("drop index registry.idea_changed_last")

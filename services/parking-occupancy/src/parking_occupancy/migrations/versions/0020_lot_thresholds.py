# SPDX-License-Identifier: EUPL-1.2
"""A lot says itself at how many vacant places it is full or almost full."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep what the city says of its lots."""
    op.execute("alter table parking.lot add column thresholds jsonb")


def downgrade() -> None:
    """Judge every lot by its size."""
    op.execute("alter table parking.lot drop column thresholds")

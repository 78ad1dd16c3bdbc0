# SPDX-License-Identifier: EUPL-1.2
"""Mails are found by their idea: for access and erasure, and to know how often an address was written to."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute("create index mail_of_idea on registry.mail (idea_id)")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop index registry.mail_of_idea")

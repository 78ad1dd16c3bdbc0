"""Mails about an idea that another one went into, or a part of it."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("alter table registry.mail add column about_id text references registry.idea (idea_id)")


def downgrade() -> None:
    """Take it away with the mails that need it."""
    op.execute("delete from registry.mail where about_id is not null")
    op.execute("alter table registry.mail drop column about_id")

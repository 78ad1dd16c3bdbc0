# SPDX-License-Identifier: EUPL-1.2
"""What readers report about accessibility."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0004"
branch_labels = None
depends_on = None

UP = """
create table opendata.feedback (
    feedback_id bigint generated always as identity primary key,
    digest bytea not null unique,
    received_at timestamptz not null,
    page text not null,
    message text not null
);
-- the limit per hour, and forgetting
create index feedback_received_at on opendata.feedback (received_at);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it with its reports."""
    op.execute("drop table opendata.feedback")

# SPDX-License-Identifier: EUPL-1.2
"""Acceptance tests of counting systems."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.execute(
        """
        create table transit.acceptance_test (
            acceptance_id bigint generated always as identity primary key,
            tested_at timestamptz not null,
            author text not null,
            label text not null,
            report jsonb not null,
            counts bytea not null
        )
        """
    )


def downgrade() -> None:
    """Drop it with its reports."""
    op.execute("drop table transit.acceptance_test")

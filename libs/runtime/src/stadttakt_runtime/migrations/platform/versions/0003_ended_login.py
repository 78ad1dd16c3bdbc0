# SPDX-License-Identifier: EUPL-1.2
"""Logins that were ended before their time."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; a login's id says nothing of whose it was."""
    op.execute(
        "create table platform.ended_login"
        " (login_id bytea primary key, ends_at timestamptz not null)"
    )
    op.execute("create index ended_login_by_age on platform.ended_login (ends_at)")


def downgrade() -> None:
    """Drop it: logins end by their time alone."""
    op.execute("drop table platform.ended_login")

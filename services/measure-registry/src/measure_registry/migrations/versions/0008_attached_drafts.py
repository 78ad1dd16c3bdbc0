# SPDX-License-Identifier: EUPL-1.2
"""Attachments of unfinished forms, and where an idea was read first."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UP = """
create table registry.draft_attachment (
    token_hash bytea not null references registry.draft (token_hash) on delete cascade,
    number integer not null,
    media_type text not null,
    size integer not null,
    sealed bytea not null,
    key_id text not null,
    primary key (token_hash, number)
);
alter table registry.draft_attachment alter column sealed set storage external;
alter table registry.idea add column source jsonb;
"""


def upgrade() -> None:
    """Create the table, add the column."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table registry.idea drop column source; drop table registry.draft_attachment")

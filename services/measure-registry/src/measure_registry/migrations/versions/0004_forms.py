# SPDX-License-Identifier: EUPL-1.2
"""Unfinished forms, attachments, mails to submitters."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UP = """
create table registry.draft (
    token_hash bytea primary key,
    sealed bytea not null,
    key_id text not null,
    saved_at timestamptz not null
);
create index draft_by_age on registry.draft (saved_at);
create table registry.attachment (
    idea_id text not null references registry.idea (idea_id),
    number integer not null,
    media_type text not null,
    content bytea not null,
    at timestamptz not null,
    primary key (idea_id, number)
);
alter table registry.attachment alter column content set storage external;
create table registry.mail (
    mail_id bigint generated always as identity primary key,
    idea_id text not null references registry.idea (idea_id),
    kind text not null,
    state text,
    queued_at timestamptz not null,
    due_at timestamptz not null,
    tries integer not null default 0,
    sent_at timestamptz
);
create index mail_unsent on registry.mail (due_at) where sent_at is null;
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table registry.mail, registry.attachment, registry.draft")

# SPDX-License-Identifier: EUPL-1.2
"""Answers kept for repeated requests."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLE = """
create table platform.idempotency (
    service text not null,
    caller_key bytea not null,
    fingerprint bytea not null,
    status smallint,
    body bytea,
    location text,
    created_at timestamptz not null default now(),
    primary key (service, caller_key)
);
create index idempotency_by_age on platform.idempotency (created_at);
alter table platform.idempotency enable row level security;
create policy own_answers on platform.idempotency using (service = current_user);
"""


def upgrade() -> None:
    """Create the table of kept answers."""
    op.execute(TABLE)


def downgrade() -> None:
    """Drop it: repetitions are done anew."""
    op.execute("drop table platform.idempotency")

# SPDX-License-Identifier: EUPL-1.2
"""What was fetched from a server's storage, and readings that came as files."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UPGRADE = """
alter table backfill
    add column devices text[] not null default '{}',
    add column device_index integer not null default 0,
    add column missing bigint not null default 0,
    add column broken bigint not null default 0,
    add column updated_at timestamptz not null default now();
create index backfill_unfinished on backfill (source_id, requested_at)
    where state in ('queued', 'running', 'waiting');
"""

DOWNGRADE = """
drop index backfill_unfinished;
alter table backfill
    drop column devices, drop column device_index, drop column missing, drop column broken,
    drop column updated_at;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)

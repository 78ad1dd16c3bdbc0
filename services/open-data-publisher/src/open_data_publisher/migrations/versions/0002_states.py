# SPDX-License-Identifier: EUPL-1.2
"""What is and was public, what could not be read, and alerts."""

from __future__ import annotations

from datetime import timedelta

from alembic import op

from stadttakt_runtime.migrations.alerts import create_alert_table, drop_alert_table
from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
create table opendata.live (
    kind text not null,
    entity_id text not null,
    state jsonb not null,
    static_since timestamptz not null,
    told_at timestamptz not null,
    heard_at timestamptz not null,
    primary key (kind, entity_id)
);
create table opendata.past (
    kind text not null,
    entity_id text not null,
    told_at timestamptz not null,
    state jsonb,
    static_since timestamptz,
    held_until timestamptz,
    primary key (kind, entity_id, told_at)
);
create table opendata.rejected (
    digest bytea primary key,
    topic text not null,
    payload bytea not null,
    reason text not null,
    detail text not null,
    received_at timestamptz not null,
    last_received_at timestamptz not null,
    times integer not null default 1
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(UP)
    create_hypertable("past", "told_at", chunk=timedelta(days=7))
    create_alert_table()


def downgrade() -> None:
    """Drop them; live states come again from the broker, the past does not."""
    drop_alert_table()
    op.execute("drop table opendata.live, opendata.past, opendata.rejected")

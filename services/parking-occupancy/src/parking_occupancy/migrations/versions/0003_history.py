# SPDX-License-Identifier: EUPL-1.2
"""What lots were over time, in buckets of four widths."""

from __future__ import annotations

from datetime import timedelta

from alembic import op

from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = """
create table parking.lot_history (
    lot_id text not null,
    width_s integer not null,
    start timestamptz not null,
    free_mean double precision not null,
    free_min integer not null,
    free_max integer not null,
    occupied_mean double precision not null,
    unknown_mean double precision not null,
    completeness double precision not null,
    primary key (lot_id, width_s, start)
);
create table parking.lot_history_dirty (
    lot_id text not null,
    start timestamptz not null,
    marks integer not null default 1,
    primary key (lot_id, start)
);
create table parking.history_clock (
    only_row boolean primary key default true constraint one_row check (only_row),
    closed_until timestamptz not null
);
"""


def upgrade() -> None:
    """Create the tables; the first start counts what is stored."""
    op.execute(UP)
    create_hypertable("lot_history", "start", chunk=timedelta(days=30))


def downgrade() -> None:
    """Drop them; they can be counted anew."""
    op.execute("drop table parking.history_clock, parking.lot_history_dirty, parking.lot_history")

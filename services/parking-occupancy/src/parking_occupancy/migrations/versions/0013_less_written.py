# SPDX-License-Identifier: EUPL-1.2
"""States note no more what the broker has; a lot's past is read from its index alone."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

UP = """
alter table parking.bay_state drop column published_version;
alter table parking.lot_state drop column published_version;
alter table parking.sign_state drop column published_version;
alter table parking.lot_history drop constraint lot_history_pkey;
alter table parking.lot_history
    add constraint lot_history_pkey primary key (lot_id, width_s, start)
        include (free_mean, free_min, free_max, occupied_mean, unknown_mean, completeness,
                 known_share);
"""
DOWN = """
alter table parking.lot_history drop constraint lot_history_pkey;
alter table parking.lot_history
    add constraint lot_history_pkey primary key (lot_id, width_s, start);
alter table parking.bay_state add column published_version bigint not null default 0;
alter table parking.lot_state add column published_version bigint not null default 0;
alter table parking.sign_state add column published_version bigint not null default 0;
"""


def upgrade() -> None:
    """A month of a lot lies scattered over the table, and side by side in the index."""
    op.execute(UP)


def downgrade() -> None:
    """Read buckets from the table again; everything counts as not published."""
    op.execute(DOWN)

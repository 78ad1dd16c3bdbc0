# SPDX-License-Identifier: EUPL-1.2
"""By how much each vehicle's counts were wrong where it was empty."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UP = """
create table transit.door_drift (
    hour timestamptz not null,
    vehicle_id text not null,
    corrections integer not null,
    persons double precision not null,
    primary key (hour, vehicle_id)
);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table transit.door_drift")

# SPDX-License-Identifier: EUPL-1.2
"""What radio devices say of persons: counted samples by day, and what was learned from them."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0007"
branch_labels = None
depends_on = None

UP = """
create table transit.presence_cell (
    day date not null,
    radio text not null,
    vehicle_id text not null,
    line text not null,
    hour smallint not null,
    load_bin smallint not null,
    weight double precision not null,
    load double precision not null,
    load_variance double precision not null,
    count double precision not null,
    count_square double precision not null,
    simulated boolean not null default false,
    primary key (day, radio, vehicle_id, line, hour, load_bin)
);
create table transit.presence_calibration (
    last_day date primary key,
    fitted_at timestamptz not null,
    samples double precision not null,
    effects jsonb not null
);
"""

DOWN = "drop table transit.presence_calibration, transit.presence_cell;"


def upgrade() -> None:
    """Create both."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them; what was learned can be learned again from the log."""
    op.execute(DOWN)

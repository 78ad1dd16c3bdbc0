# SPDX-License-Identifier: EUPL-1.2
"""Stops of trips that are over, as they add up."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = ("boarded_reconciled", "alighted_reconciled", "load_reconciled")


def upgrade() -> None:
    """Add the columns; stops that were counted before have nothing in them."""
    for column in COLUMNS:
        op.execute(f"alter table transit.stop_visit add column {column} double precision")


def downgrade() -> None:
    """Drop them; they can be counted again from the log."""
    for column in COLUMNS:
        op.execute(f"alter table transit.stop_visit drop column {column}")

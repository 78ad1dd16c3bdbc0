# SPDX-License-Identifier: EUPL-1.2
"""Assignments to trips that no timetable has are kept and told apart."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0005"
branch_labels = None
depends_on = None

UP = """
alter table transit.assignment add column trip_known boolean not null default true;
create index assignment_of_unknown_trip on transit.assignment (trip_id) where not trip_known;
"""
DOWN = """
drop index transit.assignment_of_unknown_trip;
alter table transit.assignment drop column trip_known;
"""


def upgrade() -> None:
    """Add the mark; what is stored already is believed."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it; all assignments are believed then."""
    op.execute(DOWN)

# SPDX-License-Identifier: EUPL-1.2
"""What lots are called, for who tells of the past: the retired ones too, and those without a state."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

UP = """
create view parking.v1_lot_name as select lot_id, name from parking.lot;
comment on view parking.v1_lot_name is 'What lots are called that there are, and that there were.';
grant select on parking.v1_lot_name to public;
"""


def upgrade() -> None:
    """Tell their names."""
    op.execute(UP)


def downgrade() -> None:
    """Tell them of lots that are there alone."""
    op.execute("drop view parking.v1_lot_name")

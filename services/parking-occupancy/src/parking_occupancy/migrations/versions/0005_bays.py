"""Bays in full: opening hours and closures of lots."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UP = """
alter table parking.lot add column hours jsonb;
"""

DOWN = """
alter table parking.lot drop column hours;
"""


def upgrade() -> None:
    """Let lots have opening hours that are acted upon."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them; closures are lost until the city is applied again."""
    op.execute(DOWN)

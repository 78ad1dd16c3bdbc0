# SPDX-License-Identifier: EUPL-1.2
"""Room in the pages of what is public: a state that changes is written beside the old one, and no index learns of it."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Pages that are written from now on stay half empty."""
    op.execute("alter table opendata.live set (fillfactor = 50)")


def downgrade() -> None:
    """Fill pages again."""
    op.execute("alter table opendata.live reset (fillfactor)")

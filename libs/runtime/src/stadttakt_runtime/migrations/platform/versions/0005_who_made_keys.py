# SPDX-License-Identifier: EUPL-1.2
"""Who made an API key, and who revoked it."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for both; of keys from before nobody knows."""
    op.execute("alter table platform.api_key add created_by text, add revoked_by text")


def downgrade() -> None:
    """Forget who it was."""
    op.execute("alter table platform.api_key drop created_by, drop revoked_by")

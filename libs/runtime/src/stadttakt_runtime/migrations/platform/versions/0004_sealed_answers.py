# SPDX-License-Identifier: EUPL-1.2
"""Answers that are kept for repeated requests are sealed; those that were kept in clear are forgotten."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forget what was kept in clear: at most a day's answers, whose repetitions are new requests."""
    op.execute("delete from platform.idempotency")


def downgrade() -> None:
    """Forget what the release before cannot open."""
    op.execute("delete from platform.idempotency")

# SPDX-License-Identifier: EUPL-1.2
"""One active instance: the fencing epoch."""

from __future__ import annotations

from stadttakt_runtime.migrations.leadership import create_leadership_table, drop_leadership_table

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_leadership_table()


def downgrade() -> None:
    drop_leadership_table()

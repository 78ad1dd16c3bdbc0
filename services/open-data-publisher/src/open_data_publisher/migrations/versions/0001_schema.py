# SPDX-License-Identifier: EUPL-1.2
"""The schema itself, which `stadttakt migrate` has made by now; no tables."""

from __future__ import annotations

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass

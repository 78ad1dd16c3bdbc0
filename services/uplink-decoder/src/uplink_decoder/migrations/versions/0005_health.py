# SPDX-License-Identifier: EUPL-1.2
"""Device health and alerts."""

from __future__ import annotations

from stadttakt_runtime.migrations.alerts import create_alert_table, drop_alert_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_alert_table()


def downgrade() -> None:
    drop_alert_table()

# SPDX-License-Identifier: EUPL-1.2
"""What live forecasts are scored against, which kind expected a peak, and what an action was to change."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UP = """
alter table transit.forecast_score add column mae_day_ahead double precision;
alter table transit.peak add column horizon text not null default 'day_ahead';
alter table transit.peak_action add column promise jsonb;
"""

DOWN = """
alter table transit.peak_action drop column promise;
alter table transit.peak drop column horizon;
alter table transit.forecast_score drop column mae_day_ahead;
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them; what actions were to change is lost."""
    op.execute(DOWN)

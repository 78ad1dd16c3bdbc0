# SPDX-License-Identifier: EUPL-1.2
"""Environment series of public assets, for who publishes or counts them."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UP = """
create view v1_environment as
select r.asset_id, a.name, a.lat, a.lon, a.height_m, r.quantity, r.unit, r.width_s, r.start,
       r.count, r.mean, r.min, r.max, r.simulated
  from environment_rollup r join asset a using (asset_id);
comment on view v1_environment is
    'Environment series of the assets of the city folder, in buckets of width_s seconds.';
grant select on v1_environment to public;
"""


def upgrade() -> None:
    """Create the view."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop view v1_environment")

# SPDX-License-Identifier: EUPL-1.2
"""Which sensor spoke, for readers of v1_observation."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# A device's EUI; of partners `source/<source_id>`, or `source/<source_id>/<sensor>` if they say so.
VIEW = """
create or replace view v1_observation as
select seq, event_id, kind, subject, asset_id, observed_at, received_at, simulated, data,
    corrects, superseded_at, dev_eui as sensor
from observation;
"""
OLD_VIEW = """
drop view v1_observation;
create view v1_observation as
select seq, event_id, kind, subject, asset_id, observed_at, received_at, simulated, data,
    corrects, superseded_at
from observation;
comment on view v1_observation is
    'Normalised observations in the order of storage; a reader keeps seq as its high-water mark.';
grant select on v1_observation to public;
"""


def upgrade() -> None:
    """Tell which of an asset's sensors spoke."""
    op.execute(VIEW)


def downgrade() -> None:
    """Tell it no more."""
    op.execute(OLD_VIEW)

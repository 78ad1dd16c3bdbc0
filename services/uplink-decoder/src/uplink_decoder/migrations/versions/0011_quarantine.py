# SPDX-License-Identifier: EUPL-1.2
"""Decisions on quarantined messages."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UPGRADE = """
alter table quarantine
    add column ledger_class text,
    add column payload_bytes integer,
    add column erased_at timestamptz;
update quarantine set state = 'open' where state = 'retried';
drop index quarantine_newest;
create index quarantine_newest on quarantine (last_received_at, quarantine_id);
create index quarantine_of_uplink on quarantine (uplink_id) where uplink_id is not null;
create index quarantine_open on quarantine (received_at, quarantine_id) where state = 'open';
alter table replay add column total bigint;
"""

DOWNGRADE = """
alter table replay drop column total;
drop index quarantine_open, quarantine_of_uplink, quarantine_newest;
create index quarantine_newest on quarantine (last_received_at desc, quarantine_id);
update quarantine set state = 'discarded' where state = 'expired';
alter table quarantine
    drop column ledger_class, drop column payload_bytes, drop column erased_at;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)

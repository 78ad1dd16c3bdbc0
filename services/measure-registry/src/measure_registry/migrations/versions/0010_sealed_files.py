# SPDX-License-Identifier: EUPL-1.2
"""Files of ideas are sealed, scans told apart from other files, saved forms found by their address."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# What is there in clear the running service seals: migrations have no key.
UP = """
alter table registry.attachment add column kind text not null default 'file', add column key_id text;
update registry.attachment a set kind = 'scan'
  from registry.idea i where i.idea_id = a.idea_id and i.channel = 'paper';
alter table registry.draft add column address_hash bytea;
create index draft_by_address on registry.draft (address_hash);
"""
# What is sealed cannot be opened here and would be handed out as it is.
DOWN = """
delete from registry.attachment where key_id is not null;
alter table registry.attachment drop column kind, drop column key_id;
drop index registry.draft_by_address;
alter table registry.draft drop column address_hash;
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them, and files that only a key opens."""
    op.execute(DOWN)

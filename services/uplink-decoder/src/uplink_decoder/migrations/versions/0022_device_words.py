# SPDX-License-Identifier: EUPL-1.2
"""Lists of devices by a part of a name and by owner, found by an index."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# A column of these words would be computed again whenever a device is heard; an index of them is not, as long as the
# device stays in its page. So pages that are there already get the room of new ones: a column of another type has the
# table written anew. A search reads what was written and not sorted in yet from one end to the other, so that is kept
# short. Statistics tell how many devices have a word: taken at once.
UPGRADE = """
alter table device alter column in_folder
    type boolean using case when in_folder then true else false end;
create index device_by_words on device using gin (
    lower(dev_eui || ' ' || name || ' ' || maker || ' ' || model || ' ' || description)
    gin_trgm_ops
) with (gin_pending_list_limit = 256);
alter index device_by_tags set (gin_pending_list_limit = 256);
create index device_by_owner on device (origin, dev_eui);
drop index device_unknown;
analyze device;
"""

DOWNGRADE = """
create index device_unknown on device (dev_eui) where origin = 'seen';
drop index device_by_owner;
alter index device_by_tags reset (gin_pending_list_limit);
drop index device_by_words;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)

# SPDX-License-Identifier: EUPL-1.2
"""Which bays belong to persons, for who must forget what was told of them before."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# A bay of a person at times is one, and stays one when it is retired.
UP = """
create view parking.v1_personal_bay as
select bay_id from parking.bay
 where kind in ('disabled_assigned', 'resident')
    or timed_kinds @? '$.kinds[*] ? (@.kind == "disabled_assigned" || @.kind == "resident")';
comment on view parking.v1_personal_bay is
    'Bays that belong to a person, be it at times: nothing may be told of them, nor of what they were before.';
grant select on parking.v1_personal_bay to public;
"""


def upgrade() -> None:
    """Tell which bays these are."""
    op.execute(UP)


def downgrade() -> None:
    """Tell it no more."""
    op.execute("drop view parking.v1_personal_bay")

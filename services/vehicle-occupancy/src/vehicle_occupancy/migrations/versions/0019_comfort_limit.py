# SPDX-License-Identifier: EUPL-1.2
"""The comfort limit that a line's day was counted with, so that only like is compared with like."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Days before this revision have no limit: it was not kept.
UP = """
alter table transit.line_comfort
    add column limit_seats double precision,
    add column limit_standing double precision;
create or replace view transit.v1_line_comfort as
select day, line, direction, passenger_km, above_km, excess_km,
       above_km / nullif(passenger_km, 0) as share_above,
       counted::double precision / nullif(sections, 0) as completeness, simulated,
       place_km, sections, counted, changed_at, limit_seats, limit_standing
  from transit.line_comfort;
"""

DOWN = """
drop view transit.v1_line_comfort;
create view transit.v1_line_comfort as
select day, line, direction, passenger_km, above_km, excess_km,
       above_km / nullif(passenger_km, 0) as share_above,
       counted::double precision / nullif(sections, 0) as completeness, simulated,
       place_km, sections, counted, changed_at
  from transit.line_comfort;
comment on view transit.v1_line_comfort is
    'Passenger-kilometres per day, line and direction: all, those in vehicles above the comfort limit, those of the persons above it; of which share of the sections the load is known.';
grant select on transit.v1_line_comfort to public;
alter table transit.line_comfort drop column limit_seats, drop column limit_standing;
"""


def upgrade() -> None:
    """Keep the limit, and tell it."""
    op.execute(UP)


def downgrade() -> None:
    """Forget it."""
    op.execute(DOWN)

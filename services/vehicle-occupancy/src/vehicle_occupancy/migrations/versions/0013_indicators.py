# SPDX-License-Identifier: EUPL-1.2
"""Places offered, and when a line's day was counted last, for who computes indicators."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Days before this revision have no place_km: it was not counted.
UP = """
alter table transit.line_comfort
    add column place_km double precision,
    add column changed_at timestamptz not null default now();
create index line_comfort_changed on transit.line_comfort (changed_at);
create or replace view transit.v1_line_comfort as
select day, line, direction, passenger_km, above_km, excess_km,
       above_km / nullif(passenger_km, 0) as share_above,
       counted::double precision / nullif(sections, 0) as completeness, simulated,
       place_km, sections, counted, changed_at
  from transit.line_comfort;
"""

DOWN = """
drop view transit.v1_line_comfort;
create view transit.v1_line_comfort as
select day, line, direction, passenger_km, above_km, excess_km,
       above_km / nullif(passenger_km, 0) as share_above,
       counted::double precision / nullif(sections, 0) as completeness, simulated
  from transit.line_comfort;
comment on view transit.v1_line_comfort is
    'Passenger-kilometres per day, line and direction: all, those in vehicles above the comfort limit, those of the persons above it; of which share of the sections the load is known.';
grant select on transit.v1_line_comfort to public;
drop index transit.line_comfort_changed;
alter table transit.line_comfort drop column place_km, drop column changed_at;
"""


def upgrade() -> None:
    """Tell others what was offered and what changed."""
    op.execute(UP)


def downgrade() -> None:
    """Tell them no more."""
    op.execute(DOWN)

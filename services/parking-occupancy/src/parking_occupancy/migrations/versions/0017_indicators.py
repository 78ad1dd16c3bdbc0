# SPDX-License-Identifier: EUPL-1.2
"""When what lots were was counted last, and quarters of an hour, for who computes indicators."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Of places without a sensor or word nothing is known: they are not free.
UP = """
alter table parking.lot_history add column changed_at timestamptz not null default now();
alter table parking.stay_day add column changed_at timestamptz not null default now();
create index lot_history_changed on parking.lot_history (changed_at) where width_s = 900;
create index stay_day_changed on parking.stay_day (changed_at);
create view parking.v1_lot_quarter_hour as
select h.lot_id, h.start,
       coalesce(h.occupied_mean * coalesce(h.known_share, 1), 0) as occupied_places,
       coalesce((h.occupied_mean + h.free_mean) * coalesce(h.known_share, 1), 0) as known_places,
       coalesce((h.occupied_mean + h.free_mean) * coalesce(h.known_share, 1), 0)
         + h.unknown_mean as places,
       h.completeness, coalesce(s.simulated, false) as simulated, h.changed_at
  from parking.lot_history h left join parking.lot_state s using (lot_id)
 where h.width_s = 900;
comment on view parking.v1_lot_quarter_hour is
    'Lots by quarter of an hour: mean number of general places that were occupied, known, there.';
grant select on parking.v1_lot_quarter_hour to public;
create or replace view parking.v1_stay_day as
select d.lot_id, d.day, d.arrivals, d.departures, d.dwell_median_min, d.dwell_mean_min, d.turnover,
       d.full_share, d.full_arrivals, d.failed_entries, d.completeness, d.simulated, d.changed_at
  from parking.stay_day d join parking.lot l using (lot_id)
 where l.retired_at is null;
"""

DOWN = """
drop view parking.v1_stay_day;
create view parking.v1_stay_day as
select d.lot_id, d.day, d.arrivals, d.departures, d.dwell_median_min, d.dwell_mean_min, d.turnover,
       d.full_share, d.full_arrivals, d.failed_entries, d.completeness, d.simulated
  from parking.stay_day d join parking.lot l using (lot_id)
 where l.retired_at is null;
comment on view parking.v1_stay_day is
    'Stays of lots by day of the city; personal bays left out, dwell times of few stays withheld.';
grant select on parking.v1_stay_day to public;
drop view parking.v1_lot_quarter_hour;
drop index parking.lot_history_changed;
alter table parking.lot_history drop column changed_at;
alter table parking.stay_day drop column changed_at;
"""


def upgrade() -> None:
    """Tell others what changed."""
    op.execute(UP)


def downgrade() -> None:
    """Tell them no more."""
    op.execute(DOWN)

# SPDX-License-Identifier: EUPL-1.2
"""What passed the gates of lots, and history that knows what it does not know."""

from __future__ import annotations

from datetime import timedelta

from alembic import op

from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None

# Nobody wrote or read lot_flow before.
UP = """
alter table parking.lot_history
    alter column free_mean drop not null,
    alter column free_min drop not null,
    alter column free_max drop not null,
    alter column occupied_mean drop not null,
    add column known_share double precision;
update parking.lot_history
   set free_mean = null, free_min = null, free_max = null, occupied_mean = null
 where completeness = 0;
drop table parking.lot_flow;
create table parking.lot_flow (
    lot_id text not null,
    start timestamptz not null,
    arrivals integer not null,
    departures integer not null,
    arrivals_before integer not null,
    departures_before integer not null,
    before_from timestamptz,
    arrivals_missed integer not null,
    departures_missed integer not null,
    known_s double precision not null,
    full_s double precision not null,
    tight_s double precision not null,
    full_arrivals_min integer not null,
    full_arrivals double precision not null,
    full_arrivals_max integer not null,
    tight_arrivals integer not null,
    tight_departures integer not null,
    tight_inside_s double precision not null,
    inside_first integer,
    inside_mean double precision,
    inside_low_mean double precision,
    inside_high_mean double precision,
    inside_high_least integer,
    simulated boolean not null,
    primary key (lot_id, start)
);
alter table parking.stay_day add column full_arrivals double precision;
drop view parking.v1_stay_day;
create view parking.v1_stay_day as
select d.lot_id, d.day, d.arrivals, d.departures, d.dwell_median_min, d.dwell_mean_min, d.turnover,
       d.full_share, d.full_arrivals, d.failed_entries, d.completeness, d.simulated
  from parking.stay_day d join parking.lot l using (lot_id)
 where l.retired_at is null;
comment on view parking.v1_stay_day is
    'Stays of lots by day of the city; personal bays left out, dwell times of few stays withheld.';
grant select on parking.v1_stay_day to public;
"""

# Counted anew in the background as far back as what it is made of is still there: places without a
# sensor were left out, and what passed gates was not counted.
COUNT_ANEW = """
insert into parking.lot_history_dirty (lot_id, start)
select lot_id, start
  from parking.lot_history join parking.lot using (lot_id)
 where width_s = 300 and retired_at is null
   and start > case when balancing is null then (select min(observed_at) from parking.bay_event)
                    else (select min(observed_at) from parking.gate_event) end
    on conflict (lot_id, start) do update set marks = lot_history_dirty.marks + 1;
"""

DOWN = """
drop view parking.v1_stay_day;
create view parking.v1_stay_day as
select d.lot_id, d.day, d.arrivals, d.departures, d.dwell_median_min, d.dwell_mean_min, d.turnover,
       d.full_share, d.failed_entries, d.unserved, d.completeness, d.simulated
  from parking.stay_day d join parking.lot l using (lot_id)
 where l.retired_at is null;
grant select on parking.v1_stay_day to public;
alter table parking.stay_day drop column full_arrivals;
drop table parking.lot_flow;
create table parking.lot_flow (
    lot_id text not null,
    start timestamptz not null,
    arrivals integer not null,
    departures integer not null,
    failed_entries integer not null,
    full_s double precision not null,
    known_s double precision not null,
    occupied_mean double precision,
    primary key (lot_id, start)
);
delete from parking.lot_history where free_mean is null;
alter table parking.lot_history
    alter column free_mean set not null,
    alter column free_min set not null,
    alter column free_max set not null,
    alter column occupied_mean set not null,
    drop column known_share;
"""


def upgrade() -> None:
    """Widen history, make room for flows, and have both counted from what is stored."""
    op.execute(UP)
    create_hypertable("lot_flow", "start", chunk=timedelta(days=30))
    op.execute(COUNT_ANEW)


def downgrade() -> None:
    """Drop the flows; they can be counted anew."""
    op.execute(DOWN)

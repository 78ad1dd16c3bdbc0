# SPDX-License-Identifier: EUPL-1.2
"""Stays and turnover."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UP = """
alter table parking.lot add column max_stay_min integer;
create table parking.bay_stretch (
    bay_id text not null,
    begun_to timestamptz not null,
    occupied boolean not null,
    begun_from timestamptz,
    ended_from timestamptz not null,
    ended_to timestamptz,
    ending text not null,
    simulated boolean not null,
    primary key (bay_id, begun_to, occupied)
);
create table parking.stay_dirty (
    bay_id text primary key,
    since timestamptz not null,
    marks integer not null default 1
);
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
create table parking.stay_day (
    lot_id text not null,
    day date not null,
    arrivals integer not null,
    departures integer not null,
    dwell_median_min double precision,
    dwell_mean_min double precision,
    turnover double precision,
    full_share double precision,
    failed_entries integer,
    unserved double precision,
    completeness double precision not null,
    simulated boolean not null,
    primary key (lot_id, day)
);
create table parking.stay_day_dirty (
    lot_id text not null,
    day date not null,
    marks integer not null default 1,
    primary key (lot_id, day)
);
-- bays that may be told of: not those of a person, be it at times
create view parking.stay_bay as
select bay_id, lot_id, kind, heartbeat_limit_s, retired_at
  from parking.bay
 where kind not in ('disabled_assigned', 'resident')
   and (timed_kinds is null
        or not timed_kinds @? '$.kinds[*] ? (@.kind == "disabled_assigned" || @.kind == "resident")');
insert into parking.stay_dirty (bay_id, since)
select bay_id, '2000-01-01Z' from parking.stay_bay;
insert into parking.stay_day_dirty (lot_id, day)
select distinct lot_id, observed_at::date from parking.gate_event join parking.lot using (lot_id);
create view parking.v1_stay_day as
select d.lot_id, d.day, d.arrivals, d.departures, d.dwell_median_min, d.dwell_mean_min, d.turnover,
       d.full_share, d.failed_entries, d.unserved, d.completeness, d.simulated
  from parking.stay_day d join parking.lot l using (lot_id)
 where l.retired_at is null;
comment on view parking.v1_stay_day is
    'Stays of lots by day of the city; personal bays left out, dwell times of few stays withheld.';
grant select on parking.v1_stay_day to public;
"""

DOWN = """
drop view parking.v1_stay_day, parking.stay_bay;
drop table parking.stay_day_dirty, parking.stay_day, parking.lot_flow, parking.stay_dirty,
    parking.bay_stretch;
alter table parking.lot drop column max_stay_min;
"""


def upgrade() -> None:
    """Create the tables; the first start reconstructs the stays of what is stored."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them; they can be made anew."""
    op.execute(DOWN)

# SPDX-License-Identifier: EUPL-1.2
"""Vehicles, the log of what is said of them, and what they are now."""

from __future__ import annotations

from datetime import timedelta

from alembic import op

from stadttakt_runtime.migrations.alerts import create_alert_table, drop_alert_table
from stadttakt_runtime.migrations.leadership import create_leadership_table, drop_leadership_table
from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
create table transit.configuration (
    only_row boolean primary key default true constraint one_row check (only_row),
    version bigint not null,
    rules jsonb not null default '{}'
);
insert into transit.configuration (version) values (0);
create table transit.vehicle (
    vehicle_id text primary key,
    kind text not null,
    mode text not null,
    seats integer not null,
    standing integer not null,
    doors text[] not null,
    lines text[] not null,
    sensors text[] not null,
    sensing jsonb not null,
    retired_at timestamptz
);
create table transit.reading (
    observed_at timestamptz not null,
    event_id text not null,
    vehicle_id text not null,
    kind text not null,
    door text,
    body jsonb not null,
    simulated boolean not null default false,
    corrects text,
    source text not null,
    uplink_id uuid,
    codec_id text,
    codec_version integer,
    received_at timestamptz not null,
    primary key (observed_at, event_id)
);
create index reading_of_vehicle on transit.reading (vehicle_id, observed_at);
create table transit.position (
    observed_at timestamptz not null,
    event_id text not null,
    vehicle_id text not null,
    lat double precision not null,
    lon double precision not null,
    speed_mps double precision,
    bearing_deg double precision,
    simulated boolean not null default false,
    source text not null,
    received_at timestamptz not null,
    primary key (observed_at, event_id)
);
create index position_of_vehicle on transit.position (vehicle_id, observed_at);
create table transit.assignment (
    observed_at timestamptz not null,
    event_id text not null,
    vehicle_id text not null,
    line text,
    direction integer,
    trip_id text,
    start_date text,
    stop_id text,
    valid_until timestamptz,
    simulated boolean not null default false,
    source text not null,
    received_at timestamptz not null,
    primary key (observed_at, event_id)
);
create index assignment_of_vehicle on transit.assignment (vehicle_id, observed_at);
create index assignment_of_trip on transit.assignment (trip_id, start_date);
create table transit.load_checkpoint (
    vehicle_id text not null,
    until timestamptz not null,
    track jsonb not null,
    primary key (vehicle_id, until)
);
create table transit.vehicle_state (
    view text not null,
    vehicle_id text not null,
    line text,
    direction integer,
    trip_id text,
    start_date text,
    stop_id text,
    load integer,
    load_min integer,
    load_max integer,
    percentage double precision,
    level text,
    occupancy_status text not null,
    confidence double precision,
    measured_at timestamptz,
    computed_at timestamptz not null,
    valid_until timestamptz not null,
    simulated boolean not null default false,
    version bigint not null,
    published_version bigint not null default 0,
    change_no bigint not null,
    departure jsonb,
    primary key (view, vehicle_id)
);
create table transit.rejected (
    digest bytea primary key,
    topic text not null,
    payload bytea not null,
    reason text not null,
    detail text not null,
    received_at timestamptz not null,
    last_received_at timestamptz not null,
    times integer not null default 1
);
create index rejected_by_time on transit.rejected (last_received_at);
create table transit.catch_up (
    view_name text primary key,
    seq bigint not null
);
alter table transit.vehicle_state set (fillfactor = 50);
create view transit.v1_vehicle as
select v.vehicle_id, v.kind, v.mode, v.seats, v.standing, s.line, s.direction, s.trip_id,
       s.start_date, s.stop_id,
       case when s.valid_until > now() then s.level end as level,
       case when s.valid_until > now() then s.occupancy_status
            else 'NO_DATA_AVAILABLE' end as occupancy_status,
       s.measured_at, s.computed_at, s.valid_until, s.simulated
  from transit.vehicle v join transit.vehicle_state s
    on s.vehicle_id = v.vehicle_id and s.view = 'vehicle'
 where v.retired_at is null;
comment on view transit.v1_vehicle is
    'Vehicles now, as everybody may know them: levels, no numbers; no data once valid_until is over.';
grant usage on schema transit to public;
grant select on transit.v1_vehicle to public;
"""

DOWN = """
drop view transit.v1_vehicle;
drop table transit.catch_up, transit.rejected, transit.vehicle_state, transit.load_checkpoint,
    transit.assignment, transit.position, transit.reading, transit.vehicle,
    transit.configuration;
"""


def upgrade() -> None:
    """Create vehicles and their log."""
    op.execute(UP)
    for table in ("reading", "position", "assignment"):
        create_hypertable(table, "observed_at", chunk=timedelta(days=7))
    create_alert_table()
    create_leadership_table()


def downgrade() -> None:
    """Drop them; what was said of vehicles is lost."""
    drop_leadership_table()
    drop_alert_table()
    op.execute(DOWN)

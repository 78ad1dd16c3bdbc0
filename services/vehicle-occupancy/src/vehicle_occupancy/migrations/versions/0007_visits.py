# SPDX-License-Identifier: EUPL-1.2
"""Which trips vehicles served, and what happened at each of their stops."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UP = """
create table transit.served_trip (
    vehicle_id text not null,
    begun_at timestamptz not null,
    ended_at timestamptz not null,
    start_date text not null,
    trip_id text not null,
    served_by text not null,
    simulated boolean not null default false,
    primary key (vehicle_id, begun_at)
);
create table transit.stop_visit (
    start_date text not null,
    trip_id text not null,
    vehicle_id text not null,
    call_index integer not null,
    version_id integer not null,
    line text not null,
    direction integer not null,
    stop_id text not null,
    arrived_at timestamptz not null,
    departed_at timestamptz not null,
    boarded integer,
    alighted integer,
    load integer,
    load_min integer,
    load_max integer,
    percentage double precision,
    level text,
    occupancy_status text not null,
    confidence double precision,
    places integer not null,
    public_level text,
    is_told boolean not null,
    timing text not null,
    served_by text not null,
    simulated boolean not null default false,
    computed_at timestamptz not null,
    primary key (start_date, trip_id, vehicle_id, call_index)
);
create index stop_visit_of_vehicle on transit.stop_visit (vehicle_id, arrived_at);
create index stop_visit_of_line on transit.stop_visit (line, direction, arrived_at);
create table transit.visit_dirty (
    vehicle_id text primary key,
    since timestamptz not null,
    marks bigint not null default 1
);
create table transit.visit_progress (
    only_row boolean primary key default true constraint one_row check (only_row),
    counted_until timestamptz not null
);
insert into transit.visit_progress (counted_until) values (now() - interval '1 day');
"""

DOWN = """
drop table transit.visit_progress, transit.visit_dirty, transit.stop_visit, transit.served_trip;
"""


def upgrade() -> None:
    """Create the tables; the first start counts the last day."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them; stops of days that are still in the log can be counted again."""
    op.execute(DOWN)

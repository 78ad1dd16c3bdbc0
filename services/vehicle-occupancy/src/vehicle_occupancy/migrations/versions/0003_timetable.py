# SPDX-License-Identifier: EUPL-1.2
"""Versions of the timetable."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = """
create table transit.timetable_version (
    version_id integer generated always as identity primary key,
    fingerprint text not null,
    name text not null,
    publisher text not null,
    timezone text not null,
    valid_from date not null,
    valid_to date not null,
    imported_at timestamptz not null,
    activated_at timestamptz,
    summary jsonb not null,
    simulated boolean not null default false
);
create unique index timetable_version_fingerprint on transit.timetable_version (fingerprint);
create table transit.timetable_stop (
    version_id integer not null references transit.timetable_version on delete cascade,
    stop_id text not null,
    name text not null,
    lat double precision not null,
    lon double precision not null,
    kind integer not null,
    parent_id text,
    primary key (version_id, stop_id)
);
create table transit.timetable_route (
    version_id integer not null references transit.timetable_version on delete cascade,
    route_id text not null,
    line text not null,
    long_name text not null,
    mode integer not null,
    colour text,
    text_colour text,
    primary key (version_id, route_id)
);
create table transit.timetable_day (
    version_id integer not null references transit.timetable_version on delete cascade,
    day date not null,
    services integer[] not null,
    primary key (version_id, day)
);
create table transit.timetable_pattern (
    version_id integer not null references transit.timetable_version on delete cascade,
    pattern_id integer not null,
    route_id text not null,
    line text not null,
    direction integer not null,
    mode integer not null,
    stop_ids text[] not null,
    sequences integer[] not null,
    boarding boolean[] not null,
    alighting boolean[] not null,
    distances_m double precision[] not null,
    way_lats double precision[] not null,
    way_lons double precision[] not null,
    primary key (version_id, pattern_id)
);
create table transit.timetable_trip (
    version_id integer not null references transit.timetable_version on delete cascade,
    trip_id text not null,
    pattern_id integer not null,
    service integer not null,
    headsign text not null,
    block_id text,
    exact boolean not null default false,
    arrivals_s integer[] not null,
    departures_s integer[] not null,
    primary key (version_id, trip_id)
);
"""

DOWN = """
drop table transit.timetable_trip, transit.timetable_pattern, transit.timetable_day,
    transit.timetable_route, transit.timetable_stop, transit.timetable_version;
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them; the feeds can be imported again."""
    op.execute(DOWN)

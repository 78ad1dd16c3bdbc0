# SPDX-License-Identifier: EUPL-1.2
"""Loads per trip and day, forecasts, their scores, peaks, what was done about them, comfort."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UP = """
create table transit.forecast_setting (
    only_row boolean primary key default true constraint one_setting check (only_row),
    timezone text not null,
    public_holidays text not null,
    special_days jsonb not null,
    peaks jsonb not null
);
create table transit.trip_load (
    day date not null,
    trip_id text not null,
    line text not null,
    direction integer not null,
    begin_s integer not null,
    vehicle_id text,
    seats integer,
    standing integer,
    stop_ids text[] not null,
    departures_s integer[] not null,
    to_next_m double precision[] not null,
    last_stop_id text not null,
    loads double precision[] not null,
    simulated boolean not null default false,
    primary key (day, trip_id)
);
create index trip_load_of_line on transit.trip_load (line, direction, day);
create table transit.trip_forecast (
    day date not null,
    trip_id text not null,
    line text not null,
    direction integer not null,
    block_id text,
    mode integer not null,
    stop_ids text[] not null,
    departures_s integer[] not null,
    departures_at timestamptz[] not null,
    to_next_m double precision[] not null,
    last_stop_id text not null,
    seats integer not null,
    standing integer not null,
    medium_from integer not null,
    high_from integer not null,
    quantiles bytea not null,
    last_week bytea not null,
    historical_mean bytea not null,
    issued_at timestamptz not null,
    live bytea,
    live_at timestamptz,
    simulated boolean not null default false,
    primary key (day, trip_id)
);
create index trip_forecast_of_line on transit.trip_forecast (line, day);
create table transit.forecast_score (
    day date not null,
    line text not null,
    direction integer not null,
    horizon text not null,
    source text not null,
    forecasts integer not null,
    mae double precision not null,
    mae_last_week double precision not null,
    mae_historical_mean double precision not null,
    coverage double precision not null,
    width double precision not null,
    level_accuracy double precision not null,
    level_accuracy_last_week double precision not null,
    level_accuracy_historical_mean double precision not null,
    brier double precision not null,
    primary key (day, line, direction, horizon)
);
create table transit.peak (
    peak_id text primary key,
    day date not null,
    at timestamptz not null,
    trip_id text not null,
    line text not null,
    direction integer not null,
    first_stop integer not null,
    last_stop integer not null,
    worst_stop integer not null,
    from_stop text not null,
    to_stop text not null,
    at_s integer not null,
    expected_load double precision not null,
    low double precision not null,
    high double precision not null,
    comfort_limit integer not null,
    capacity integer not null,
    probability double precision not null,
    excess double precision not null,
    simulated boolean not null,
    issued_at timestamptz not null,
    outcome jsonb,
    measured_at timestamptz
);
create index peak_by_time on transit.peak (at, peak_id);
create index peak_of_day on transit.peak (day);
create table transit.peak_action (
    action_id bigint generated always as identity primary key,
    peak_id text not null references transit.peak on delete cascade,
    kind text not null,
    trip_id text,
    note text not null,
    author text not null,
    taken_at timestamptz not null
);
create index peak_action_of_peak on transit.peak_action (peak_id);
create table transit.line_comfort (
    day date not null,
    line text not null,
    direction integer not null,
    passenger_km double precision not null,
    above_km double precision not null,
    excess_km double precision not null,
    sections integer not null,
    counted integer not null,
    simulated boolean not null,
    primary key (day, line, direction)
);
create view transit.v1_line_comfort as
select day, line, direction, passenger_km, above_km, excess_km,
       above_km / nullif(passenger_km, 0) as share_above,
       counted::double precision / nullif(sections, 0) as completeness, simulated
  from transit.line_comfort;
comment on view transit.v1_line_comfort is
    'Passenger-kilometres per day, line and direction: all, those in vehicles above the comfort limit, those of the persons above it; of which share of the sections the load is known.';
grant usage on schema transit to public;
grant select on transit.v1_line_comfort to public;
"""

DOWN = """
drop view transit.v1_line_comfort;
drop table transit.line_comfort, transit.peak_action, transit.peak, transit.forecast_score,
    transit.trip_forecast, transit.trip_load, transit.forecast_setting;
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them; scores, peaks and what was done about them are lost."""
    op.execute(DOWN)

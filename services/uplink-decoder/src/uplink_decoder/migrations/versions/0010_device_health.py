# SPDX-License-Identifier: EUPL-1.2
"""Health of devices and gateways."""

from __future__ import annotations

from datetime import timedelta

from alembic import op

from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
alter table uplink add column battery_mv integer, add column battery_percent real;
create table health_dirty (
    mark bigint generated always as identity primary key,
    dev_eui text not null,
    hour timestamptz not null
);
create table health_position (
    writer text primary key,
    noted_at timestamptz not null
);
create table health_policy (
    only_row boolean primary key default true check (only_row),
    silent_intervals real not null
);
insert into health_policy (silent_intervals) values (2);
create table device_health_hour (
    dev_eui text not null,
    hour timestamptz not null,
    source_id text not null,
    simulated boolean not null,
    frames integer not null,
    lost integer not null,
    lost_long integer not null,
    repeated integer not null,
    resets integer not null,
    sessions integer not null,
    codec_errors integer not null,
    spreading jsonb not null,
    rssi_max real,
    rssi_mean real,
    snr_max real,
    snr_mean real,
    battery_mv integer,
    battery_percent real,
    track text not null,
    primary key (dev_eui, hour)
);
create table device_gateway_hour (
    dev_eui text not null,
    gateway_id text not null,
    hour timestamptz not null,
    frames integer not null,
    rssi_max real,
    rssi_min real,
    rssi_mean real,
    snr_max real,
    snr_min real,
    snr_mean real,
    primary key (dev_eui, hour, gateway_id)
);
create index device_gateway_hour_of_gateway on device_gateway_hour (gateway_id, hour);
create table gateway (
    gateway_id text primary key,
    source_id text not null,
    is_foreign boolean not null,
    simulated boolean not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    lat double precision,
    lon double precision
);
create table device_health (
    dev_eui text primary key,
    examined_at timestamptz not null,
    heard_hour timestamptz,
    radio jsonb not null default '{}',
    battery_at timestamptz,
    battery_mv integer,
    battery_percent real,
    outlook_at timestamptz,
    mv_per_day real,
    percent_per_day real,
    battery_ends_at timestamptz,
    withheld text
);
"""

# What other services may read: architecture, decision 8. Loss is that of the last 24 hours.
VIEW = """
create view v1_device_health as
select device.dev_eui, device.name,
    case
        when device.retired_at is not null then 'retired'
        when device.origin = 'seen' then 'unknown'
        when device.last_seen is null then 'silent'
        when device.last_seen < now() - make_interval(secs =>
            coalesce(device.expected_interval_s, 86400)
            * (select silent_intervals from health_policy)) then 'silent'
        else 'active'
    end as status,
    device.last_seen,
    coalesce(health.battery_mv, device.battery_mv) as battery_mv,
    coalesce(health.battery_percent, device.battery_percent) as battery_percent,
    health.battery_ends_at,
    coalesce(day.frames, 0)::integer as frames_day,
    greatest(coalesce(day.lost, 0), 0)::integer as lost_day,
    coalesce(day.codec_errors, 0)::integer as codec_errors_day,
    day.rssi_max as best_rssi_day, day.snr_max as best_snr_day,
    health.examined_at
from device
left join device_health as health using (dev_eui)
left join lateral (
    select sum(frames) as frames, sum(lost) as lost, sum(codec_errors) as codec_errors,
        max(rssi_max) as rssi_max, max(snr_max) as snr_max
    from device_health_hour as hours
    where hours.dev_eui = device.dev_eui and hours.hour > now() - interval '24 hours'
) as day on true;
comment on view v1_device_health is
    'One row per device: whether it is heard, its battery, its radio loss of the last 24 hours.';
grant select on v1_device_health to public;
"""

# What was stored before is examined once.
MARK_STORED = """
insert into health_dirty (dev_eui, hour)
select distinct dev_eui, date_trunc('hour', observed_at at time zone 'UTC') at time zone 'UTC'
from uplink where observed_at > now() - interval '31 days'
"""


def upgrade() -> None:
    op.execute(TABLES)
    create_hypertable("device_health_hour", "hour", chunk=timedelta(days=7))
    create_hypertable("device_gateway_hour", "hour", chunk=timedelta(days=7))
    op.execute(VIEW)
    op.execute(MARK_STORED)


def downgrade() -> None:
    op.execute("drop view v1_device_health")
    op.execute(
        "drop table health_dirty, health_position, health_policy, device_health, gateway,"
        " device_health_hour, device_gateway_hour"
    )
    op.execute("alter table uplink drop column battery_mv, drop column battery_percent")

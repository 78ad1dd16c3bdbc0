# SPDX-License-Identifier: EUPL-1.2
"""Devices, uplinks, observations, quarantine."""

from __future__ import annotations

from datetime import timedelta

from alembic import op

from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
create table device (
    dev_eui text primary key,
    name text not null,
    codec_id text,
    expected_interval_s integer,
    tags jsonb not null default '{}',
    origin text not null,
    first_seen timestamptz not null default now(),
    last_seen timestamptz,
    last_source text,
    battery_mv integer,
    battery_percent integer,
    retired_at timestamptz
);
create table assignment (
    assignment_id bigint generated always as identity primary key,
    dev_eui text not null,
    asset_kind text not null,
    asset_id text not null,
    valid_from timestamptz not null,
    valid_to timestamptz
);
create index assignment_of_device on assignment (dev_eui, valid_from);
create table uplink_identity (
    uplink_id uuid primary key,
    received_at timestamptz not null
);
create index uplink_identity_by_age on uplink_identity using brin (received_at);
create table uplink (
    observed_at timestamptz not null,
    uplink_id uuid not null,
    source_id text not null,
    dev_eui text not null,
    received_at timestamptz not null,
    time_source text not null,
    f_cnt bigint not null,
    f_port smallint not null,
    payload bytea not null,
    raw bytea not null,
    flags text[],
    simulated boolean not null,
    codec_id text,
    codec_version integer,
    decoded jsonb,
    warnings text[],
    errors text[],
    primary key (observed_at, uplink_id)
);
create index uplink_of_device on uplink (dev_eui, received_at desc);
create table device_event (
    observed_at timestamptz not null,
    event_id uuid not null,
    source_id text not null,
    dev_eui text not null,
    received_at timestamptz not null,
    kind text not null,
    code text,
    raw bytea not null,
    simulated boolean not null,
    primary key (observed_at, event_id)
);
create index device_event_of_device on device_event (dev_eui, received_at desc);
create table observation (
    observed_at timestamptz not null,
    seq bigint not null,
    event_id text not null,
    uplink_id uuid not null,
    kind text not null,
    topic text not null,
    source_id text not null,
    subject text not null,
    asset_id text not null,
    dev_eui text not null,
    received_at timestamptz not null,
    simulated boolean not null,
    writer text not null,
    data jsonb not null,
    primary key (observed_at, seq)
);
create index observation_in_sequence on observation (seq);
create table publish_mark (
    writer text primary key,
    seq bigint not null,
    running boolean not null default false
);
create table quarantine (
    quarantine_id uuid primary key,
    received_at timestamptz not null,
    last_received_at timestamptz not null,
    times integer not null default 1,
    source_id text not null,
    topic text not null,
    payload bytea not null,
    reason text not null,
    detail text not null,
    dev_eui text,
    uplink_id uuid,
    codec_id text,
    codec_version integer
);
create index quarantine_newest on quarantine (last_received_at desc, quarantine_id);
create table suspect (
    fingerprint uuid primary key,
    deaths smallint not null,
    first_seen timestamptz not null default now()
);
create sequence observation_sequence;
create sequence registry_version;
"""

# What other services may read: architecture, decision 8.
VIEW = """
create view v1_observation as
select seq, event_id, kind, subject, asset_id, observed_at, received_at, simulated, data
from observation;
comment on view v1_observation is
    'Normalised observations in the order of storage; a reader keeps seq as its high-water mark.';
grant usage on schema uplink to public;
grant select on v1_observation to public;
"""


def upgrade() -> None:
    op.execute(TABLES)
    create_hypertable("uplink", "observed_at", chunk=timedelta(days=1))
    create_hypertable("device_event", "observed_at", chunk=timedelta(days=7))
    create_hypertable("observation", "observed_at", chunk=timedelta(days=1))
    op.execute(VIEW)


def downgrade() -> None:
    op.execute("drop view v1_observation")
    op.execute("drop sequence observation_sequence, registry_version")
    op.execute(
        "drop table device, assignment, uplink_identity, uplink, device_event, observation,"
        " publish_mark, quarantine, suspect"
    )

# SPDX-License-Identifier: EUPL-1.2
"""Downlinks and fetches from the storage of The Things Stack."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
create table downlink (
    downlink_id uuid primary key,
    dev_eui text not null,
    f_port smallint not null,
    payload bytea not null,
    confirmed boolean not null,
    priority text not null,
    expires_at timestamptz,
    note text,
    created_at timestamptz not null,
    created_by text not null,
    state text not null,
    reason text,
    updated_at timestamptz not null,
    source_id text,
    alias text,
    claimed_by text,
    claimed_at timestamptz,
    attempted_at timestamptz,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null
);
create index downlink_of_device on downlink (dev_eui, created_at, downlink_id);
create index downlink_waiting on downlink (next_attempt_at) where state = 'queued';
create index downlink_open on downlink (created_at) where state not in ('queued', 'acknowledged');
create table downlink_event (
    downlink_id uuid not null,
    evidence text not null,
    at timestamptz not null,
    state text not null,
    detail text,
    primary key (downlink_id, evidence)
);
create table backfill (
    backfill_id uuid primary key,
    source_id text not null,
    reason text not null,
    requested_at timestamptz not null,
    requested_by text not null,
    from_at timestamptz not null,
    to_at timestamptz not null,
    state text not null,
    detail text,
    position timestamptz,
    fetched bigint not null default 0,
    attempts integer not null default 0,
    next_attempt_at timestamptz,
    claimed_by text,
    claimed_until timestamptz,
    started_at timestamptz,
    finished_at timestamptz
);
create index backfill_newest on backfill (requested_at desc, backfill_id desc);
create unique index backfill_automatic on backfill (source_id)
    where reason <> 'request' and state in ('queued', 'running', 'waiting');
create table backfill_position (
    source_id text primary key,
    received_at timestamptz not null
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table downlink, downlink_event, backfill, backfill_position")

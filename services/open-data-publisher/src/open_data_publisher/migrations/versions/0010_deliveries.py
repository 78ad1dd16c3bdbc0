# SPDX-License-Identifier: EUPL-1.2
"""Deliveries with what was sent and answered, and which instance may deliver."""

from __future__ import annotations

from alembic import op

from stadttakt_runtime.migrations.leadership import create_leadership_table, drop_leadership_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UP = """
create table opendata.delivery (
    delivery_id uuid primary key,
    number bigint generated always as identity,
    target text not null,
    feed text not null,
    is_static boolean not null,
    reason text not null,
    requested_by text,
    simulated boolean not null default false,
    content bytea,
    queued_at timestamptz not null,
    next_attempt_at timestamptz not null,
    sent_at timestamptz,
    done_at timestamptz,
    status text not null,
    attempts integer not null default 0,
    http_status integer,
    error text,
    receipt text,
    sha256 bytea,
    bytes integer
);
create unique index delivery_by_number on opendata.delivery (number);
create index delivery_newest on opendata.delivery (target, feed, number desc);
create index delivery_open on opendata.delivery (target, next_attempt_at) where done_at is null;
create unique index delivery_one_live on opendata.delivery (target, feed)
    where done_at is null and not is_static;
create index delivery_by_payload on opendata.delivery (sha256);
create table opendata.delivery_payload (
    sha256 bytea primary key,
    media_type text not null,
    zipped bytea not null,
    used_at timestamptz not null
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(UP)
    create_leadership_table()


def downgrade() -> None:
    """Drop them with all receipts; what is public is delivered anew."""
    drop_leadership_table()
    op.execute("drop table opendata.delivery, opendata.delivery_payload")

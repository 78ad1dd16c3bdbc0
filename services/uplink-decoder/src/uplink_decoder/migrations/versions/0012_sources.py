# SPDX-License-Identifier: EUPL-1.2
"""Partners' own events, and how each source's connection is."""

from __future__ import annotations

from datetime import timedelta

from alembic import op

from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
create table canonical_event (
    observed_at timestamptz not null,
    identity uuid not null,
    source_id text not null,
    event_source text not null,
    event_id text not null,
    kind text not null,
    content uuid not null,
    received_at timestamptz not null,
    raw bytea not null,
    simulated boolean not null,
    primary key (observed_at, identity)
);
create index canonical_event_of_source on canonical_event (source_id, received_at desc);
create index canonical_event_by_identity on canonical_event (identity);
create table source_state (
    source_id text not null,
    writer text not null,
    noted_at timestamptz not null,
    connected boolean not null,
    since timestamptz not null,
    last_message_at timestamptz,
    last_error text,
    last_error_at timestamptz,
    received bigint not null,
    received_per_s double precision not null,
    backlog integer not null,
    primary key (source_id, writer)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    create_hypertable("canonical_event", "observed_at", chunk=timedelta(days=7))


def downgrade() -> None:
    op.execute("drop table canonical_event, source_state")

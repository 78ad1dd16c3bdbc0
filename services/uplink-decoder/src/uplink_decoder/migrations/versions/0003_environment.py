# SPDX-License-Identifier: EUPL-1.2
"""Environment series and their roll-ups."""

from __future__ import annotations

from datetime import timedelta

from alembic import op

from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
create table asset (
    asset_id text primary key,
    kind text not null,
    name text not null,
    lat double precision not null,
    lon double precision not null,
    height_m double precision,
    description text not null
);
create table environment (
    asset_id text not null,
    quantity text not null,
    observed_at timestamptz not null,
    event_id text not null,
    value double precision not null,
    unit text not null,
    quality text not null,
    source_id text not null,
    simulated boolean not null,
    primary key (asset_id, quantity, observed_at, event_id)
);
create table environment_newest (
    asset_id text not null,
    quantity text not null,
    observed_at timestamptz not null,
    event_id text not null,
    value double precision not null,
    unit text not null,
    simulated boolean not null,
    primary key (asset_id, quantity)
);
create table environment_dirty (
    mark bigint generated always as identity primary key,
    asset_id text not null,
    quantity text not null,
    start timestamptz not null
);
create table environment_rollup (
    asset_id text not null,
    width_s integer not null,
    quantity text not null,
    start timestamptz not null,
    unit text not null,
    count integer not null,
    mean double precision not null,
    min double precision not null,
    max double precision not null,
    first double precision not null,
    last double precision not null,
    simulated boolean not null,
    primary key (asset_id, width_s, quantity, start)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    create_hypertable("environment", "observed_at", chunk=timedelta(days=7))


def downgrade() -> None:
    op.execute(
        "drop table asset, environment, environment_newest, environment_dirty, environment_rollup"
    )

# SPDX-License-Identifier: EUPL-1.2
"""Forecasts and their scores."""

from __future__ import annotations

from datetime import timedelta

from alembic import op

from stadttakt_runtime.migrations.timescale import create_hypertable

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UP = """
create table parking.forecast_calendar (
    only_row boolean primary key default true constraint one_row check (only_row),
    timezone text not null,
    public_holidays text not null,
    special_days jsonb not null
);
create table parking.forecast_model (
    model_id bigint generated always as identity primary key,
    learned_at timestamptz not null,
    name text not null,
    content bytea not null
);
create table parking.lot_forecast (
    lot_id text not null,
    issued_at timestamptz not null,
    model text not null,
    withheld text,
    present double precision,
    free integer[] not null,
    low integer[] not null,
    high integer[] not null,
    seasonal_mean double precision[] not null,
    primary key (lot_id, issued_at)
);
create table parking.forecast_score (
    lot_id text not null,
    day date not null,
    horizon_min integer not null,
    forecasts integer not null,
    mae double precision not null,
    mae_persistence double precision not null,
    mae_seasonal_mean double precision not null,
    coverage double precision not null,
    width double precision not null,
    reach double precision not null,
    primary key (lot_id, day, horizon_min)
);
"""


def upgrade() -> None:
    """Create the tables; the first model is learned when there is enough history."""
    op.execute(UP)
    create_hypertable("lot_forecast", "issued_at", chunk=timedelta(days=1))


def downgrade() -> None:
    """Drop them; forecasts that were issued cannot be scored any more."""
    op.execute(
        "drop table parking.forecast_score, parking.lot_forecast, parking.forecast_model,"
        " parking.forecast_calendar"
    )

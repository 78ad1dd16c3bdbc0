# SPDX-License-Identifier: EUPL-1.2
"""The KPI framework and its values."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
create table kpi.mehrwert (
    mehrwert_id text primary key,
    position integer not null,
    definition jsonb not null,
    retired_at timestamptz
);
create table kpi.indicator (
    indicator_id text primary key,
    position integer not null,
    definition jsonb not null,
    retired_at timestamptz
);
create table kpi.indicator_value (
    value_id bigint generated always as identity primary key,
    indicator_id text not null references kpi.indicator (indicator_id),
    period text not null,
    period_start date not null,
    value double precision not null,
    parts jsonb,
    group_size integer,
    completeness double precision,
    source text not null,
    source_date date not null,
    evidence text,
    author_role text not null,
    cause text not null,
    indicator_version integer not null,
    author text not null,
    proposed_at timestamptz not null,
    state text not null,
    decided_by text,
    decided_at timestamptz,
    decision_note text
);
create index indicator_value_of_period
    on kpi.indicator_value (indicator_id, period, period_start, value_id);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them with all values."""
    op.execute("drop table kpi.indicator_value, kpi.indicator, kpi.mehrwert")

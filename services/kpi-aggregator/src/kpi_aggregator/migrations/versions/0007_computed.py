# SPDX-License-Identifier: EUPL-1.2
"""Formulas, what days amount to, computed values with their causes, and the framework's history."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UP = """
create table kpi.configuration (
    only_row boolean primary key default true constraint one_row check (only_row),
    timezone text not null
);
create table kpi.formula (
    formula_id text primary key,
    position integer not null,
    definition jsonb not null,
    retired_at timestamptz
);
create table kpi.framework_version (
    number integer generated always as identity primary key,
    applied_at timestamptz not null,
    definition jsonb not null
);
-- what held before versions were kept
insert into kpi.framework_version (applied_at, definition)
select coalesce((select min(proposed_at) from kpi.indicator_value), now()), jsonb_build_object(
    'mehrwerte', (select jsonb_agg(definition order by position) from kpi.mehrwert
                   where retired_at is null),
    'indicators', (select jsonb_agg(definition order by position) from kpi.indicator
                    where retired_at is null),
    'formulas', '[]'::jsonb)
 where exists (select from kpi.indicator where retired_at is null);
create table kpi.source_mark (
    view text primary key,
    seen_until timestamptz not null
);
create table kpi.formula_progress (
    formula_id text primary key,
    version integer not null,
    first_day date not null,
    counted_until date not null
);
create table kpi.day_dirty (
    formula_id text not null,
    day date not null,
    cause text not null,
    counted boolean not null default false,
    primary key (formula_id, day)
);
create table kpi.day_amount (
    formula_id text not null,
    day date not null,
    part text not null,
    member text not null,
    numerator double precision not null,
    denominator double precision not null,
    known double precision not null,
    expected double precision not null,
    simulated boolean not null,
    primary key (formula_id, day, part, member)
);
create table kpi.computed_value (
    number bigint generated always as identity primary key,
    indicator_id text not null references kpi.indicator (indicator_id),
    period text not null,
    period_start date not null,
    value double precision,
    reason text,
    numerator double precision not null,
    denominator double precision not null,
    completeness double precision not null,
    confidence text,
    lowest double precision,
    highest double precision,
    provisional boolean not null,
    simulated boolean not null,
    formula_id text not null,
    formula_version integer not null,
    cause text not null,
    days date[] not null,
    computed_at timestamptz not null
);
create index computed_value_of_period
    on kpi.computed_value (indicator_id, period, period_start, number);
alter table kpi.indicator_value add column decided_role text;
"""

DOWN = """
alter table kpi.indicator_value drop column decided_role;
drop table kpi.computed_value, kpi.day_amount, kpi.day_dirty, kpi.formula_progress,
    kpi.source_mark, kpi.framework_version, kpi.formula, kpi.configuration;
"""


def upgrade() -> None:
    """Create the tables; the first start computes what the views hold."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them; values can be computed again as far as the views reach back."""
    op.execute(DOWN)

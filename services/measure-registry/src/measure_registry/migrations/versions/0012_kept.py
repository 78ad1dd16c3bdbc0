# SPDX-License-Identifier: EUPL-1.2
"""Since when the registry is kept: of days before it, no entry does not mean that nothing happened."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UP = """
create table registry.keeping (
    only_row boolean primary key default true constraint one_keeping check (only_row),
    first_at timestamptz not null,
    declared_since date,
    changed_at timestamptz not null
);
insert into registry.keeping (first_at, changed_at)
select least(now(), (select min(at) from registry.change),
             (select min(created_at) from registry.undertaking),
             (select min(created_at) from registry.network_format)), now();
create view registry.v1_kept_day as
with city as (
    select coalesce((select definition ->> 'timezone' from registry.city_part where part = 'intake'),
                    'UTC') as zone
)
select day::date as day, 1 as kept, changed_at
  from registry.keeping, city,
       generate_series(coalesce(declared_since, (first_at at time zone zone)::date)::timestamp,
                       (now() at time zone zone)::date::timestamp, interval '1 day') as day;
comment on view registry.v1_kept_day is
    'The days up to today of which the registry is complete: since it is kept, or as the city declares.';
grant select on registry.v1_kept_day to public;
"""


def upgrade() -> None:
    """Create table and view."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them with what the city declared, which its folder still says."""
    op.execute("drop view registry.v1_kept_day; drop table registry.keeping")

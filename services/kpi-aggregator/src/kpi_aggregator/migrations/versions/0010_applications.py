# SPDX-License-Identifier: EUPL-1.2
"""Since when applications are noted, and those without a key that the city knows of."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Whoever noted applications before did so since the first one was seen, or later.
UP = """
create table kpi.application_watch (
    only_row boolean primary key default true constraint one_watch check (only_row),
    since timestamptz not null,
    noted_until timestamptz not null
);
insert into kpi.application_watch (since, noted_until)
select min(noted_at), max(noted_at) from kpi.data_application having count(*) > 0;
create table kpi.declared_application (
    application text primary key,
    first_used_on date not null,
    evidence text not null,
    changed_at timestamptz not null default now()
);
create or replace view kpi.v1_data_application as
select application, min(first_used_at) as first_used_at, max(changed_at) as changed_at
  from (select application, first_used_at, noted_at as changed_at from kpi.data_application
         union all
        select application,
               first_used_on::timestamp at time zone
                 coalesce((select timezone from kpi.configuration), 'UTC'),
               changed_at
          from kpi.declared_application) as known
 group by application;
comment on view kpi.v1_data_application is
    'Applications that read data, by a key or as the city declared them, and when they first did.';
create view kpi.v1_application_day as
select day::date as day, 1 as noted
  from kpi.application_watch,
       generate_series(
         (since at time zone coalesce((select timezone from kpi.configuration), 'UTC'))::date,
         (noted_until at time zone coalesce((select timezone from kpi.configuration), 'UTC'))::date
           - 1,
         interval '1 day') as day;
comment on view kpi.v1_application_day is
    'Days after which it was noted which applications had used their key; read by this service alone.';
"""

DOWN = """
drop view kpi.v1_application_day;
create or replace view kpi.v1_data_application as
select application, first_used_at, noted_at as changed_at from kpi.data_application;
drop table kpi.declared_application, kpi.application_watch;
"""


def upgrade() -> None:
    """Create them."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them with what the city declared, which its folder still says."""
    op.execute(DOWN)

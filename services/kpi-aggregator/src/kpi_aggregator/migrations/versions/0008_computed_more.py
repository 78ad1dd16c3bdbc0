# SPDX-License-Identifier: EUPL-1.2
"""Alerts, events on change, and the public values for other services."""

from __future__ import annotations

from alembic import op

from stadttakt_runtime.migrations.alerts import create_alert_table, drop_alert_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The newest word on each period: of computed indicators the newest row, of others the newest
# approved one. Only of indicators that are public and in force.
UP = """
create table kpi.value_event (
    number bigint generated always as identity primary key,
    indicator_id text not null,
    body jsonb not null,
    happened_at timestamptz not null,
    simulated boolean not null,
    published_at timestamptz
);
create index value_event_unpublished on kpi.value_event (number) where published_at is null;
drop view kpi.v1_indicator_value;
create view kpi.v1_indicator_value as
select i.indicator_id, i.definition ->> 'mehrwert' as mehrwert,
       i.definition #>> '{title,de}' as title_de, i.definition #>> '{title,en}' as title_en,
       i.definition ->> 'unit' as unit, v.period, v.period_start, v.value, v.reason,
       v.completeness, v.confidence, v.provisional, v.simulated, v.version, v.cause, v.changed_at,
       i.definition ->> 'source' as source, (i.definition ->> 'extension')::boolean as extension
  from kpi.indicator i
  join (
    select distinct on (indicator_id, period, period_start)
           indicator_id, period, period_start, value, reason, completeness, confidence,
           provisional, simulated, formula_version as version, cause, computed_at as changed_at,
           true as computed
      from kpi.computed_value
     order by indicator_id, period, period_start, number desc
  ) v on v.indicator_id = i.indicator_id
 where i.retired_at is null and (i.definition ->> 'public')::boolean
   and i.definition ->> 'source' = 'formula'
 union all
select i.indicator_id, i.definition ->> 'mehrwert', i.definition #>> '{title,de}',
       i.definition #>> '{title,en}', i.definition ->> 'unit', v.period, v.period_start, v.value,
       null, v.completeness, null, false, false, v.indicator_version, v.cause, v.decided_at,
       i.definition ->> 'source', (i.definition ->> 'extension')::boolean
  from kpi.indicator i
  join (
    select distinct on (indicator_id, period, period_start) *
      from kpi.indicator_value
     where state = 'approved'
     order by indicator_id, period, period_start, decided_at desc, value_id desc
  ) v on v.indicator_id = i.indicator_id
 where i.retired_at is null and (i.definition ->> 'public')::boolean
   and i.definition ->> 'source' is distinct from 'formula';
comment on view kpi.v1_indicator_value is
    'The values of public indicators that hold, one per period; no value with the reason why.';
create table kpi.data_application (
    application text primary key,
    first_used_at timestamptz not null,
    noted_at timestamptz not null
);
create view kpi.v1_data_application as
select application, first_used_at, noted_at as changed_at from kpi.data_application;
comment on view kpi.v1_data_application is
    'Applications that have a key for data and when they first used it; read by this service alone.';
grant select on kpi.v1_indicator_value to public;
"""

DOWN = """
drop view kpi.v1_indicator_value, kpi.v1_data_application;
drop table kpi.value_event, kpi.data_application;
create view kpi.v1_indicator_value as
select i.indicator_id, i.definition ->> 'mehrwert' as mehrwert,
       i.definition #>> '{title,de}' as title_de, i.definition #>> '{title,en}' as title_en,
       i.definition ->> 'unit' as unit, v.period, v.period_start, v.value, null::text as reason,
       v.completeness, null::text as confidence, false as provisional, false as simulated,
       v.indicator_version as version, v.cause, v.decided_at as changed_at,
       i.definition ->> 'source' as source,
       (i.definition ->> 'extension')::boolean as extension
  from kpi.indicator i
  join (
    select distinct on (indicator_id, period, period_start)
           indicator_id, period, period_start, value, completeness, indicator_version, cause,
           decided_at
      from kpi.indicator_value
     where state = 'approved'
     order by indicator_id, period, period_start, decided_at desc, value_id desc
  ) v using (indicator_id)
 where i.retired_at is null and (i.definition ->> 'public')::boolean;
comment on view kpi.v1_indicator_value is
    'The value of each period of the public indicators that holds.';
grant select on kpi.v1_indicator_value to public;
"""


def upgrade() -> None:
    """Create them."""
    op.execute(UP)
    create_alert_table()


def downgrade() -> None:
    """Drop them; what was not published is lost."""
    drop_alert_table()
    op.execute(DOWN)

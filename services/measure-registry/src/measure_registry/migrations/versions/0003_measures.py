# SPDX-License-Identifier: EUPL-1.2
"""Measures and sub-projects, the ideas they took up, and what others may read of them."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = """
create table registry.undertaking (
    kind text not null,
    undertaking_id text not null,
    position integer not null,
    version integer not null,
    definition jsonb not null,
    applied jsonb,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    retired_at timestamptz,
    primary key (kind, undertaking_id)
);
create table registry.adoption (
    idea_id text not null references registry.idea (idea_id),
    kind text not null,
    undertaking_id text not null,
    at timestamptz not null,
    reason text not null,
    primary key (idea_id, kind, undertaking_id)
);
create index adoption_of on registry.adoption (kind, undertaking_id);
create view registry.v1_measure as
select undertaking_id as measure_id, definition #>> '{title,de}' as title,
       definition #>> '{summary,de}' as summary,
       (select string_agg(field, ', ' order by place)
          from jsonb_array_elements_text(definition -> 'handlungsfelder')
               with ordinality as f (field, place)) as handlungsfelder,
       definition ->> 'reifegrad' as reifegrad, definition ->> 'state' as state,
       definition #>> '{title,en}' as title_en, created_at, changed_at
  from registry.undertaking
 where kind = 'measure' and retired_at is null;
comment on view registry.v1_measure is 'The integrated measures.';
create view registry.v1_subproject as
select undertaking_id as subproject_id, m.measure_id, definition #>> '{title,de}' as title,
       definition ->> 'priority' as priority, definition ->> 'reifegrad' as reifegrad,
       definition ->> 'state' as state, definition #>> '{title,en}' as title_en,
       created_at, changed_at
  from registry.undertaking,
       jsonb_array_elements_text(definition -> 'measures') as m (measure_id)
 where kind = 'subproject' and retired_at is null;
comment on view registry.v1_subproject is 'The sub-projects, one row for each measure they belong to.';
create view registry.v1_indicator_link as
select kind, undertaking_id, l.link ->> 'indicator_id' as indicator_id,
       (l.link ->> 'effective_on')::date as effective_on, l.link ->> 'expected' as expected,
       definition #>> '{title,de}' as title, definition #>> '{title,en}' as title_en
  from registry.undertaking, jsonb_array_elements(definition -> 'indicators') as l (link)
 where retired_at is null;
comment on view registry.v1_indicator_link is
    'Which indicator is to change by which measure or sub-project, and since when.';
grant select on registry.v1_measure, registry.v1_subproject, registry.v1_indicator_link to public;
"""


def upgrade() -> None:
    """Create tables and views."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them with all measures."""
    op.execute(
        "drop view registry.v1_measure, registry.v1_subproject, registry.v1_indicator_link;"
        " drop table registry.adoption, registry.undertaking"
    )

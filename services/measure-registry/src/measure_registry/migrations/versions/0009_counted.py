# SPDX-License-Identifier: EUPL-1.2
"""Views that indicators count by: what is counted no more stays as a row of zero, so that readers notice."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# A day that a format or project was moved from must be counted anew, too: the history knows it.
UP = """
create or replace view registry.v1_network_format as
select format_id, held_on, definition ->> 'kind' as kind, definition #>> '{title,de}' as title,
       definition #>> '{title,en}' as title_en,
       case when cancelled_at is null then (definition ->> 'participants')::integer else 0 end
           as participants,
       case when cancelled_at is null then jsonb_array_length(definition -> 'partners') else 0 end
           as partners,
       changed_at, case when cancelled_at is null then 1 else 0 end as formats
  from registry.network_format
union all
select f.format_id, (c.details #>> '{held_on,before}')::date, f.definition ->> 'kind',
       f.definition #>> '{title,de}', f.definition #>> '{title,en}', 0, 0, c.at, 0
  from registry.change c join registry.network_format f on f.format_id = c.entity_id
 where c.entity = 'format' and c.action = 'changed' and c.details ? 'held_on';
comment on view registry.v1_network_format is
    'Workshops, meetings and the like at which people of several houses came together, one row per date; formats is 0 where one was cancelled or moved away.';
create or replace view registry.v1_adoption as
select idea_id, kind, undertaking_id, at, at as changed_at from registry.adoption;
create view registry.v1_project as
with taken as (
    select kind, undertaking_id, count(*)::integer as ideas, max(at) as at
      from registry.adoption group by kind, undertaking_id
)
select u.kind, u.undertaking_id as project_id, u.definition #>> '{title,de}' as title,
       u.definition #>> '{title,en}' as title_en, (u.definition ->> 'starts_on')::date as starts_on,
       case when u.retired_at is null then 1 else 0 end as projects,
       coalesce(jsonb_array_length(u.definition -> 'measures'), 0) as measures,
       coalesce(t.ideas, 0) as ideas, greatest(u.changed_at, t.at) as changed_at
  from registry.undertaking u left join taken t using (kind, undertaking_id)
union all
select u.kind, u.undertaking_id, u.definition #>> '{title,de}', u.definition #>> '{title,en}',
       (c.details #>> '{starts_on,before}')::date, 0, 0, 0, c.at
  from registry.change c
  join registry.undertaking u on u.kind = c.entity and u.undertaking_id = c.entity_id
 where c.entity in ('measure', 'subproject') and c.action = 'changed'
   and c.details #>> '{starts_on,before}' is not null;
comment on view registry.v1_project is
    'Measures and sub-projects by the day they begin; projects is 0 where one is no more or was moved away.';
grant select on registry.v1_project to public;
"""
DOWN = """
drop view registry.v1_project, registry.v1_network_format, registry.v1_adoption;
create view registry.v1_network_format as
select format_id, held_on, definition ->> 'kind' as kind, definition #>> '{title,de}' as title,
       definition #>> '{title,en}' as title_en,
       (definition ->> 'participants')::integer as participants,
       jsonb_array_length(definition -> 'partners') as partners, changed_at
  from registry.network_format
 where cancelled_at is null;
create view registry.v1_adoption as
select idea_id, kind, undertaking_id, at from registry.adoption;
grant select on registry.v1_network_format, registry.v1_adoption to public;
"""


def upgrade() -> None:
    """Let the views tell what is counted no more."""
    op.execute(UP)


def downgrade() -> None:
    """Let them leave it out again."""
    op.execute(DOWN)

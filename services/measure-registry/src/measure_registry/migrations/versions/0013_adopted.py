# SPDX-License-Identifier: EUPL-1.2
"""What is counted as taken up by a measure: only what became part of it by the city's workflow, and still is."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UP = """
create or replace view registry.v1_adoption as
with part as (
    select move ->> 'target' as state
      from registry.city_part, jsonb_array_elements(definition -> 'transitions') as move
     where part = 'workflow' and move -> 'needs' ? 'measure'
)
select a.idea_id, a.kind, a.undertaking_id, a.at, greatest(a.at, i.state_since) as changed_at,
       case when i.state in (select state from part) or not exists (select from part)
            then 1 else 0 end as adopted
  from registry.adoption a join registry.idea i using (idea_id)
union all
select c.entity_id, case when c.details ? 'measure' then 'measure' else 'subproject' end,
       coalesce(c.details ->> 'measure', c.details ->> 'subproject'),
       (c.details ->> 'at')::timestamptz, c.at, 0
  from registry.change c
 where c.entity = 'idea' and c.action = 'released';
comment on view registry.v1_adoption is
    'When which idea became part of which measure or sub-project; adopted is 0 of one whose state is not (or no more) that of a part, and of one that was taken out again.';
create or replace view registry.v1_project as
with taken as (
    select kind, undertaking_id, sum(adopted)::integer as ideas, max(changed_at) as at
      from registry.v1_adoption group by kind, undertaking_id
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
"""
DOWN = """
create or replace view registry.v1_project as
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
drop view registry.v1_adoption;
create view registry.v1_adoption as
select idea_id, kind, undertaking_id, at, at as changed_at from registry.adoption;
grant select on registry.v1_adoption to public;
"""


def upgrade() -> None:
    """Let the views tell what became part of a measure, and what is not any more."""
    op.execute(UP)


def downgrade() -> None:
    """Let them tell whatever a measure ever took up."""
    op.execute(DOWN)

# SPDX-License-Identifier: EUPL-1.2
"""What goes on in others says so, so that nobody counts an idea and its parts."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

IDEAS = """
create or replace view registry.v1_idea as
select i.idea_id, i.title, i.summary, i.handlungsfeld, i.state, i.priority, i.submitted_at, i.lat, i.lon,
       (select o.idea_id from registry.idea o
         where o.idea_id = i.merged_into and o.published_at is not null) as merged_into,
       i.merged_into is not null or i.split_at is not null as goes_on,
       (select string_agg(o.idea_id, '|' order by o.number)
          from registry.lineage l join registry.idea o on o.idea_id = l.target_id
         where l.source_id = i.idea_id and o.published_at is not null) as goes_on_in
  from registry.idea i
 where i.published_at is not null;
comment on view registry.v1_idea is
    'The ideas that moderation has let everybody see; one that goes_on was merged or split: it is counted in what it goes on in, as far as that is public named by goes_on_in.';
"""
# An idea that was taken up and split, or merged, became part of a measure once: where it and what it goes on in both did, the first time counts.
ADOPTIONS = """
create or replace view registry.v1_adoption as
with recursive part as (
    select move ->> 'target' as state
      from registry.city_part, jsonb_array_elements(definition -> 'transitions') as move
     where part = 'workflow' and move -> 'needs' ? 'measure'
), taken as (
    select a.idea_id, a.kind, a.undertaking_id, a.at, greatest(a.at, i.state_since) as changed_at,
           i.state in (select state from part) or not exists (select from part) as is_part
      from registry.adoption a join registry.idea i using (idea_id)
), first as (
    select idea_id, min(at) as at from taken where is_part group by idea_id
), onwards as (
    select f.idea_id as origin, l.target_id, l.at
      from first f join registry.lineage l on l.source_id = f.idea_id
    union
    select o.origin, l.target_id, greatest(o.at, l.at)
      from onwards o join registry.lineage l on l.source_id = o.target_id
), again as (
    select case when o.at <= d.at then d.idea_id else o.idea_id end as idea_id, max(w.at) as at
      from onwards w join first o on o.idea_id = w.origin join first d on d.idea_id = w.target_id
     group by 1
)
select t.idea_id, t.kind, t.undertaking_id, t.at, greatest(t.changed_at, g.at) as changed_at,
       case when t.is_part and g.idea_id is null then 1 else 0 end as adopted
  from taken t left join again g using (idea_id)
union all
select c.entity_id, case when c.details ? 'measure' then 'measure' else 'subproject' end,
       coalesce(c.details ->> 'measure', c.details ->> 'subproject'),
       (c.details ->> 'at')::timestamptz, c.at, 0
  from registry.change c
 where c.entity = 'idea' and c.action = 'released';
comment on view registry.v1_adoption is
    'When which idea became part of which measure or sub-project; adopted is 0 of one whose state is not (or no more) that of a part, of one that was taken out again, and of the later one where an idea and what it goes on in both became part of one.';
"""
IDEAS_BEFORE = """
drop view registry.v1_idea;
create view registry.v1_idea as
select idea_id, title, summary, handlungsfeld, state, priority, submitted_at, lat, lon, merged_into
  from registry.idea
 where published_at is not null;
comment on view registry.v1_idea is 'The ideas that moderation has let everybody see.';
grant select on registry.v1_idea to public;
"""
ADOPTIONS_BEFORE = """
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
"""


def upgrade() -> None:
    """Let the views tell what goes on in others, and count nothing twice."""
    op.execute(IDEAS)
    op.execute(ADOPTIONS)


def downgrade() -> None:
    """Let them tell every idea by itself."""
    op.execute(ADOPTIONS_BEFORE)
    op.execute(IDEAS_BEFORE)

# SPDX-License-Identifier: EUPL-1.2
"""How many criteria of an idea are disputed, and an index for the board."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UP = """
alter table registry.idea add column disputed integer not null default 0;
create index idea_on_board on registry.idea (state, number) where merged_into is null;
create index idea_disputed on registry.idea (number) where disputed > 0;
with question as (
    select c ->> 'criterion_id' as criterion_id, (c ->> 'since')::integer as since
      from (select definition from registry.catalogue order by version desc limit 1) newest,
           jsonb_array_elements(newest.definition -> 'criteria') as c
), contradicted as (
    select r.idea_id, r.criterion_id
      from registry.rating r join question q using (criterion_id)
     where r.catalogue_version >= q.since and r.rating <> 'offen'
     group by r.idea_id, r.criterion_id having count(distinct r.rating) > 1
), counted as (
    select idea_id, count(*) as disputed from contradicted group by idea_id
)
update registry.idea i set disputed = counted.disputed from counted
 where counted.idea_id = i.idea_id;
"""


def upgrade() -> None:
    """Add column and indexes; fill the column from the ratings that there are."""
    op.execute(UP)


def downgrade() -> None:
    """Take them away."""
    op.execute("drop index registry.idea_on_board, registry.idea_disputed")
    op.execute("alter table registry.idea drop column disputed")

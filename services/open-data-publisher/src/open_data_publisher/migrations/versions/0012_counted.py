# SPDX-License-Identifier: EUPL-1.2
"""Of which parts of a day requests were counted at all: no request is then known from not counted."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Of days before this revision it is known alone that something was counted: they are taken as whole.
UP = """
create table opendata.usage_counted (
    day date not null,
    slot smallint not null,
    slots smallint not null,
    counted_at timestamptz not null,
    primary key (day, slot)
);
insert into opendata.usage_counted (day, slot, slots, counted_at)
select day, slot, 144, now()
  from (select distinct day from opendata.usage_day) days, generate_series(0, 143) as slot;
create view opendata.v1_usage_counted as
select day, count(*)::integer as counted, max(slots)::integer as slots,
       max(counted_at) as changed_at
  from opendata.usage_counted group by day;
comment on view opendata.v1_usage_counted is
    'Of how many stretches of ten minutes of a day requests were counted, though there were none.';
grant select on opendata.v1_usage_counted to public;
"""


def upgrade() -> None:
    """Make table and view."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them: of what was counted the counts stay."""
    op.execute("drop view opendata.v1_usage_counted")
    op.execute("drop table opendata.usage_counted")

# SPDX-License-Identifier: EUPL-1.2
"""Networking formats; when ideas became part of measures; mails about what an idea has become."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UP = """
alter table registry.mail add column about_id text references registry.idea (idea_id);
create table registry.network_format (
    number bigint generated always as identity primary key,
    format_id text not null unique,
    version integer not null,
    held_on date not null,
    definition jsonb not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    cancelled_at timestamptz
);
create index network_format_by_day on registry.network_format (held_on, number);
create view registry.v1_network_format as
select format_id, held_on, definition ->> 'kind' as kind, definition #>> '{title,de}' as title,
       definition #>> '{title,en}' as title_en,
       (definition ->> 'participants')::integer as participants,
       jsonb_array_length(definition -> 'partners') as partners, changed_at
  from registry.network_format
 where cancelled_at is null;
comment on view registry.v1_network_format is
    'Workshops, meetings and the like at which people of several houses came together, one row per date.';
create view registry.v1_adoption as
select idea_id, kind, undertaking_id, at from registry.adoption;
comment on view registry.v1_adoption is
    'When which idea became part of which measure or sub-project, without a word of what it says.';
grant select on registry.v1_network_format, registry.v1_adoption to public;
"""


def upgrade() -> None:
    """Create table, views and column."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them, with the mails that need the column."""
    op.execute("drop view registry.v1_network_format, registry.v1_adoption")
    op.execute("drop table registry.network_format")
    op.execute("delete from registry.mail where about_id is not null")
    op.execute("alter table registry.mail drop column about_id")

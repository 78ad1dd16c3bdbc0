# SPDX-License-Identifier: EUPL-1.2
"""Ideas, ratings, what became of them, and the sealed contact data beside."""

from __future__ import annotations

from alembic import op

from stadttakt_runtime.migrations.alerts import create_alert_table, drop_alert_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
create table registry.city_part (
    part text primary key,
    definition jsonb not null
);
create table registry.catalogue (
    version integer primary key,
    definition jsonb not null,
    applied_at timestamptz not null
);
create table registry.idea (
    number bigint generated always as identity primary key,
    idea_id text not null unique,
    version integer not null,
    title text not null,
    summary text not null,
    handlungsfeld text not null,
    details jsonb not null,
    lat double precision,
    lon double precision,
    state text not null,
    state_since timestamptz not null,
    submitted_at timestamptz not null,
    changed_at timestamptz not null,
    channel text not null,
    pseudonym text not null,
    call_id text,
    priority text,
    published_at timestamptz,
    merged_into text,
    imported_as text unique,
    token_hash bytea,
    search tsvector not null
);
create index idea_by_state on registry.idea (state, number);
create index idea_public on registry.idea (number) where published_at is not null;
create index idea_words on registry.idea using gin (search);
create index idea_alike on registry.idea using gin (title gin_trgm_ops);
create table registry.rating (
    idea_id text not null references registry.idea (idea_id),
    criterion_id text not null,
    rater text not null,
    rating text not null,
    comment text not null,
    catalogue_version integer not null,
    at timestamptz not null,
    primary key (idea_id, criterion_id, rater)
);
create table registry.lineage (
    source_id text not null references registry.idea (idea_id),
    target_id text not null references registry.idea (idea_id),
    kind text not null,
    at timestamptz not null,
    primary key (source_id, target_id)
);
create index lineage_target on registry.lineage (target_id);
create table registry.contact (
    idea_id text primary key references registry.idea (idea_id),
    sealed bytea not null,
    key_id text not null,
    address_hash bytea,
    language text not null,
    purpose jsonb not null,
    legal_basis text not null,
    recorded_at timestamptz not null
);
create index contact_by_address on registry.contact (address_hash);
create table registry.change (
    change_id bigint generated always as identity primary key,
    entity text not null,
    entity_id text not null,
    at timestamptz not null,
    author text not null,
    author_role text not null,
    action text not null,
    from_state text,
    to_state text,
    reason text,
    details jsonb,
    told_at timestamptz
);
create index change_of_entity on registry.change (entity, entity_id, change_id);
create index change_untold on registry.change (change_id) where told_at is null;
create view registry.v1_idea as
select idea_id, title, summary, handlungsfeld, state, priority, submitted_at, lat, lon, merged_into
  from registry.idea
 where published_at is not null;
comment on view registry.v1_idea is 'The ideas that moderation has let everybody see.';
create view registry.v1_idea_move as
select c.entity_id as idea_id, c.action, c.from_state, c.to_state, c.at
  from registry.change c
 where c.entity = 'idea' and c.action in ('submitted', 'moved', 'merged', 'split');
comment on view registry.v1_idea_move is
    'When ideas came, moved, were merged and split; of all ideas, without a word of what they say.';
grant usage on schema registry to public;
grant select on registry.v1_idea, registry.v1_idea_move to public;
"""


def upgrade() -> None:
    """Create tables and views."""
    op.execute(UP)
    create_alert_table()


def downgrade() -> None:
    """Drop them with all ideas."""
    op.execute("drop view registry.v1_idea, registry.v1_idea_move")
    op.execute(
        "drop table registry.change, registry.contact, registry.lineage, registry.rating,"
        " registry.idea, registry.catalogue, registry.city_part"
    )
    drop_alert_table()

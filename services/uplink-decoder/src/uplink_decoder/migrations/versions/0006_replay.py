# SPDX-License-Identifier: EUPL-1.2
"""Replays and the life of quarantined messages."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UPGRADE = """
create table replay (
    replay_id bigint generated always as identity primary key,
    kind text not null,
    state text not null,
    dry_run boolean not null,
    filter jsonb not null,
    codec_id text,
    codec_version integer,
    requested_by text not null,
    author_role text,
    note text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    updated_at timestamptz not null default now(),
    finished_at timestamptz,
    from_at timestamptz,
    position_at timestamptz,
    position_id uuid,
    counts jsonb not null default '{}',
    fields jsonb not null default '{}',
    differences integer not null default 0,
    unpublished_from bigint,
    deaths smallint not null default 0,
    error text
);
create index replay_unfinished on replay (replay_id)
    where state in ('queued', 'running') or unpublished_from is not null;
create table replay_difference (
    replay_id bigint not null,
    number integer not null,
    uplink_id uuid not null,
    observed_at timestamptz not null,
    dev_eui text not null,
    field text not null,
    change text not null,
    before text,
    after text,
    primary key (replay_id, number)
);
alter table observation
    add column own_time boolean,
    add column corrects text,
    add column superseded_at timestamptz,
    add column superseded_by text;
update observation set own_time = true where not exists (
    select from uplink where uplink.observed_at = observation.observed_at
        and uplink.uplink_id = observation.uplink_id
);
create index observation_with_own_time on observation (uplink_id) where own_time;
create index uplink_left_undecoded on uplink (dev_eui, observed_at)
    where flags && '{unknown_device,no_codec,unknown_codec,no_asset}';
alter table quarantine
    add column state text not null default 'open',
    add column changed_at timestamptz,
    add column retries integer not null default 0;
create index quarantine_by_state on quarantine (state, reason);
create table quarantine_event (
    event_id bigint generated always as identity primary key,
    quarantine_id uuid not null,
    at timestamptz not null default now(),
    action text not null,
    author text not null,
    author_role text,
    note text,
    reason text,
    detail text
);
create index quarantine_event_of_message on quarantine_event (quarantine_id, event_id);
"""

# What was published stays readable: a reader that catches up gets what one heard that was there.
VIEW = """
create or replace view v1_observation as
select seq, event_id, kind, subject, asset_id, observed_at, received_at, simulated, data,
    corrects, superseded_at
from observation;
"""

OLD_VIEW = """
drop view v1_observation;
create view v1_observation as
select seq, event_id, kind, subject, asset_id, observed_at, received_at, simulated, data
from observation;
comment on view v1_observation is
    'Normalised observations in the order of storage; a reader keeps seq as its high-water mark.';
grant select on v1_observation to public;
"""

DOWNGRADE = """
drop table replay, replay_difference, quarantine_event;
drop index observation_with_own_time, uplink_left_undecoded, quarantine_by_state;
alter table observation
    drop column own_time, drop column corrects, drop column superseded_at,
    drop column superseded_by;
alter table quarantine drop column state, drop column changed_at, drop column retries;
"""


def upgrade() -> None:
    op.execute(UPGRADE)
    op.execute(VIEW)


def downgrade() -> None:
    op.execute(OLD_VIEW)
    op.execute(DOWNGRADE)

# SPDX-License-Identifier: EUPL-1.2
"""Devices and their places over time, written over HTTP."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Numbers of changes go on from the sequence that older decoders watch. A device retired before
# keeps its assignment open no longer: it is decoded, and watches nothing.
UPGRADE = """
alter table device
    add column description text not null default '',
    add column maker text not null default '',
    add column model text not null default '',
    add column lat double precision,
    add column lon double precision,
    add column codec_variables jsonb not null default '{}',
    add column in_folder boolean not null default false,
    add column change bigint not null default 0,
    add column updated_at timestamptz not null default now();
update device set in_folder = retired_at is null where origin = 'city';
update device set change = nextval('registry_version') where origin <> 'seen';
create index device_in_order_of_change on device (change) where change > 0;
create index device_by_name_of_codec on device (codec_id, dev_eui);
create index device_retired on device (dev_eui) where retired_at is not null;
create index device_unknown on device (dev_eui) where origin = 'seen';
create index device_by_tags on device using gin (tags);
alter table assignment
    add column observes text,
    add column set_by text not null default 'city',
    add column set_at timestamptz not null default now();
update assignment set set_at = greatest(valid_from, device.first_seen) from device
where device.dev_eui = assignment.dev_eui;
update assignment set valid_to = device.retired_at from device
where device.dev_eui = assignment.dev_eui and valid_to is null and retired_at > valid_from;
create index assignment_of_asset on assignment (asset_kind, asset_id, valid_from);
create unique index assignment_open on assignment (dev_eui) where valid_to is null;
create table device_change (
    change bigint primary key,
    dev_eui text not null,
    at timestamptz not null default now(),
    action text not null,
    author text not null,
    note text,
    before jsonb not null,
    after jsonb not null
);
create index device_change_of_device on device_change (dev_eui, change desc);
create index device_deleted on device_change (change) where action = 'deleted';
"""

DOWNGRADE = """
drop table device_change;
drop index assignment_of_asset, assignment_open;
alter table assignment drop column observes, drop column set_by, drop column set_at;
alter table device
    drop column description, drop column maker, drop column model, drop column lat,
    drop column lon, drop column codec_variables, drop column in_folder, drop column change,
    drop column updated_at;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)

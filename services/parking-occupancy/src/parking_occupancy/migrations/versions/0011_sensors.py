# SPDX-License-Identifier: EUPL-1.2
"""Several sensors of one bay, restrictions of bays and lots, which corrections of counts are drift."""

from __future__ import annotations

from alembic import op

revision = "0011"
# landed after 0012
down_revision = "0012"
branch_labels = None
depends_on = None

UP = """
alter table parking.bay_event add column sensor text not null default '';
alter table parking.bay_state
    add column newest_sensor text not null default '',
    add column other_sensors jsonb;
create table parking.bay_sensor (
    bay_id text not null,
    sensor text not null,
    primary key (bay_id, sensor)
);
alter table parking.lot
    add column grace_s double precision not null default 120,
    add column max_height_cm integer,
    add column max_width_cm integer,
    add column restrictions jsonb;
alter table parking.bay
    add column groups text[],
    add column max_stay_min integer,
    add column orientation text;
alter table parking.lot_state add column by_group jsonb;
alter table parking.sign add column max_characters integer;
alter table parking.count_correction add column drift boolean not null default true;
"""
DOWN = """
alter table parking.count_correction drop column drift;
alter table parking.sign drop column max_characters;
alter table parking.lot_state drop column by_group;
alter table parking.bay drop column groups, drop column max_stay_min, drop column orientation;
alter table parking.lot
    drop column grace_s, drop column max_height_cm, drop column max_width_cm,
    drop column restrictions;
drop table parking.bay_sensor;
alter table parking.bay_state drop column newest_sensor, drop column other_sensors;
alter table parking.bay_event drop column sensor;
"""


def upgrade() -> None:
    """Tell sensors of one bay apart, and what may park where how long."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it; of each bay the newest observation decides again, every correction is drift."""
    op.execute(DOWN)

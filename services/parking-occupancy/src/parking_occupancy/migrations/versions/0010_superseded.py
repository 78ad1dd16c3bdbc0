# SPDX-License-Identifier: EUPL-1.2
"""Observations of bays that a replay refuted."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UP = """
alter table parking.bay_event
    add column corrects text,
    add column superseded boolean not null default false;
create index bay_event_corrects on parking.bay_event (corrects) where corrects is not null;
alter table parking.catch_up add column superseded_until timestamptz;
"""
DOWN = """
alter table parking.catch_up drop column superseded_until;
drop index parking.bay_event_corrects;
alter table parking.bay_event drop column corrects, drop column superseded;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)

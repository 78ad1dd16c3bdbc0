# SPDX-License-Identifier: EUPL-1.2
"""Levels on departure, as everybody may know them."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

# Decision 0049: the level that was told at the departure, never a load, a time of counting or a status.
UP = """
create view transit.v1_departure_level as
select to_date(v.start_date, 'YYYYMMDD') as day, v.line, v.direction, v.trip_id,
       v.call_index as call, v.stop_id, s.name as stop_name, s.lat as stop_lat, s.lon as stop_lon,
       v.departed_at, v.public_level as level, v.simulated
  from transit.stop_visit v
  left join transit.timetable_stop s on s.version_id = v.version_id and s.stop_id = v.stop_id
 where v.is_told;
comment on view transit.v1_departure_level is
    'How full departures were told to be: levels with secret boundaries, no numbers; null: no data.';
grant select on transit.v1_departure_level to public;
"""


def upgrade() -> None:
    """Create the view."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop view transit.v1_departure_level")

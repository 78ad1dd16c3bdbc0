# SPDX-License-Identifier: EUPL-1.2
"""Levels on departure with the time that the timetable names: when a vehicle left is not told for ever."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Decision 0055. A day's times count from twelve hours before its noon, as in GTFS; where the
# timetable was forgotten, the hour has to do. `start_date` is what the table is sorted by.
SELECT = """
select to_date(v.start_date, 'YYYYMMDD') as day, v.line, v.direction, v.trip_id,
       v.call_index as call, v.stop_id, s.name as stop_name, s.lat as stop_lat, s.lon as stop_lon,
"""
FROM = """
  from transit.stop_visit v
  left join transit.timetable_stop s on s.version_id = v.version_id and s.stop_id = v.stop_id
"""
AFTERWARDS = """
comment on view transit.v1_departure_level is
    'How full departures were told to be: levels with secret boundaries, no numbers; null: no data.';
grant select on transit.v1_departure_level to public;
"""
UP = f"""
drop view transit.v1_departure_level;
create view transit.v1_departure_level as {SELECT}
       coalesce(
           (to_date(v.start_date, 'YYYYMMDD') + time '12:00') at time zone n.timezone
           - interval '12 hours' + make_interval(secs => t.departures_s[v.call_index + 1]),
           date_trunc('hour', v.departed_at)
       ) as planned_departure,
       v.public_level as level, v.simulated, v.start_date
{FROM}
  left join transit.timetable_version n on n.version_id = v.version_id
  left join transit.timetable_trip t on t.version_id = v.version_id and t.trip_id = v.trip_id
 where v.is_told;
{AFTERWARDS}
"""
DOWN = f"""
drop view transit.v1_departure_level;
create view transit.v1_departure_level as {SELECT}
       v.departed_at, v.public_level as level, v.simulated
{FROM}
 where v.is_told;
{AFTERWARDS}
"""


def upgrade() -> None:
    """Tell the planned time instead of the real one."""
    op.execute(UP)


def downgrade() -> None:
    """Make the view as it was."""
    op.execute(DOWN)

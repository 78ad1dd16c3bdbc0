# SPDX-License-Identifier: EUPL-1.2
"""One row for each departure, also where several vehicles left together."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Decision 0117. Vehicles of a trip that leave a stop within two minutes of the first (which is real and
# told of, if one is) are one departure: its level is the mean of theirs by places, halfway the fuller
# one, null where one of them is not told of.
DEPARTURES = """(
    select start_date, trip_id, call_index, min(version_id) as version_id, min(line) as line,
           min(direction) as direction, min(stop_id) as stop_id, min(departed_at) as departed_at,
           case when bool_and(is_told and public_level is not null)
                then (array['low', 'medium', 'high'])[1 + coalesce(
                     floor(sum(places * rank)::double precision / nullif(sum(places), 0) + 0.5)::int,
                     max(rank))]
            end as public_level,
           bool_or(simulated) as simulated
      from (select *, array_position(array['low', 'medium', 'high'], public_level) - 1 as rank,
                   first_value(departed_at) over same_departure as first_at,
                   first_value(simulated) over same_departure as first_simulated
              from transit.stop_visit
            window same_departure as (
                   partition by start_date, trip_id, call_index
                   order by simulated, not is_told, vehicle_id)) visit
     where simulated = first_simulated
       and departed_at between first_at - interval '2 minutes' and first_at + interval '2 minutes'
     group by start_date, trip_id, call_index
    having bool_or(is_told)
)"""
TOLD = "(select * from transit.stop_visit where is_told)"


def view(departures: str) -> str:
    """Return the statement that makes the view of these departures."""
    return f"""
create or replace view transit.v1_departure_level as
select to_date(v.start_date, 'YYYYMMDD') as day, v.line, v.direction, v.trip_id,
       v.call_index as call, v.stop_id, s.name as stop_name, s.lat as stop_lat, s.lon as stop_lon,
       coalesce(
           (to_date(v.start_date, 'YYYYMMDD') + time '12:00') at time zone n.timezone
           - interval '12 hours' + make_interval(secs => t.departures_s[v.call_index + 1]),
           date_trunc('hour', v.departed_at)
       ) as planned_departure,
       v.public_level as level, v.simulated, v.start_date
  from {departures} v
  left join transit.timetable_stop s on s.version_id = v.version_id and s.stop_id = v.stop_id
  left join transit.timetable_version n on n.version_id = v.version_id
  left join transit.timetable_trip t on t.version_id = v.version_id and t.trip_id = v.trip_id;
"""  # noqa: S608 (constant parts only)


def upgrade() -> None:
    """Tell one row for each departure."""
    op.execute(view(DEPARTURES))


def downgrade() -> None:
    """Tell one for each vehicle."""
    op.execute(view(TOLD))

# SPDX-License-Identifier: EUPL-1.2
"""What lots were, and how taken each kind of bay was, for who publishes or counts it."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0013"
branch_labels = None
depends_on = None

# An hour of a kind: the stretches that reach into it, two from before since one may be empty.
UP = """
create view parking.v1_lot_history as
select h.lot_id, l.name, l.lat, l.lon, h.width_s, h.start, h.free_mean, h.free_min, h.free_max,
       h.occupied_mean, h.unknown_mean, h.completeness,
       coalesce(d.simulated, s.simulated, false) as simulated
  from parking.lot_history h
  join parking.lot l using (lot_id)
  left join parking.lot_state s using (lot_id)
  left join parking.stay_day d
    on d.lot_id = h.lot_id
   and d.day = (h.start at time zone
                coalesce((select timezone from parking.forecast_calendar), 'UTC'))::date
 where l.retired_at is null;
comment on view parking.v1_lot_history is
    'Lots over time in buckets of 300, 900, 3600 and 86400 s, general places; null: unknown.';
create view parking.v1_kind_hour as
select h.lot_id, l.name, l.lat, l.lon, b.kind, h.start, count(distinct b.bay_id)::int as bays,
       coalesce(sum(o.seconds) filter (where o.occupied), 0)::float8 as occupied_s,
       coalesce(sum(o.seconds), 0)::float8 as known_s,
       coalesce(bool_or(o.simulated), false) as simulated
  from parking.lot_history h
  join parking.lot l using (lot_id)
  join parking.stay_bay b on b.lot_id = h.lot_id and b.retired_at is null
  left join lateral (
    select t.occupied, t.simulated,
           extract(epoch from
             least(coalesce(t.ended_to, t.ended_from + make_interval(secs => b.heartbeat_limit_s)),
                   h.start + interval '1 hour') - greatest(t.begun_to, h.start)) as seconds
      from ((select * from parking.bay_stretch
              where bay_id = b.bay_id and begun_to < h.start
              order by begun_to desc limit 2)
             union all
            (select * from parking.bay_stretch
              where bay_id = b.bay_id and begun_to >= h.start
                and begun_to < h.start + interval '1 hour')) t
  ) o on o.seconds > 0
 where h.width_s = 3600 and l.retired_at is null
 group by h.lot_id, l.name, l.lat, l.lon, b.kind, h.start;
comment on view parking.v1_kind_hour is
    'Sensed bays of a lot by kind and hour: how long they were known and occupied; personal bays left out.';
grant select on parking.v1_lot_history, parking.v1_kind_hour to public;
"""


def upgrade() -> None:
    """Create the views."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop view parking.v1_kind_hour, parking.v1_lot_history")

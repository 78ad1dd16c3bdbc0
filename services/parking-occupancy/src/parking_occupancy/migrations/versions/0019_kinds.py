# SPDX-License-Identifier: EUPL-1.2
"""Of which kind each bay was when: a row with each configuration that says something else."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# What is applied first holds for all the time before. A trigger, so that whoever writes bays, an
# older version too, leaves the trace. The clock, since a transaction may begin before another ends.
KINDS = """
create table parking.bay_kind (
    bay_id text not null,
    since timestamptz not null,
    until timestamptz not null,
    kind text not null,
    groups text[],
    timed_kinds jsonb,
    personal boolean not null,
    primary key (bay_id, since)
);
create function parking.note_kind() returns trigger language plpgsql as $$
declare
    known parking.bay_kind;
    moment timestamptz := clock_timestamp();
begin
    select * into known from parking.bay_kind where bay_id = new.bay_id and until = 'infinity';
    if found and (known.kind, known.groups, known.timed_kinds)
                 is not distinct from (new.kind, new.groups, new.timed_kinds) then
        return null;
    end if;
    update parking.bay_kind set until = moment where bay_id = new.bay_id and until = 'infinity';
    insert into parking.bay_kind (bay_id, since, until, kind, groups, timed_kinds, personal)
    values (new.bay_id, case when found then moment else '-infinity' end, 'infinity', new.kind,
            new.groups, new.timed_kinds,
            new.kind in ('disabled_assigned', 'resident')
            or coalesce(new.timed_kinds
                @? '$.kinds[*] ? (@.kind == "disabled_assigned" || @.kind == "resident")', false));
    return null;
end $$;
create trigger note_kind after insert or update of kind, groups, timed_kinds on parking.bay
    for each row execute function parking.note_kind();
update parking.bay set kind = kind;
-- when bays could be told of: not while they were those of a person, be it at times
create view parking.stay_kind as
select k.bay_id, b.lot_id, k.kind, k.since, k.until, b.heartbeat_limit_s, b.retired_at
  from parking.bay_kind k join parking.bay b using (bay_id)
 where not k.personal;
"""

HOURS = """
create or replace view parking.v1_kind_hour as
select h.lot_id, l.name, l.lat, l.lon, b.kind, h.start, count(distinct b.bay_id)::int as bays,
       coalesce(sum(o.seconds) filter (where o.occupied), 0)::float8 as occupied_s,
       coalesce(sum(o.seconds), 0)::float8 as known_s,
       coalesce(bool_or(o.simulated), false) as simulated
  from parking.lot_history h
  join parking.lot l using (lot_id)
  join parking.stay_kind b on b.lot_id = h.lot_id and b.retired_at is null
   and b.since < h.start + interval '1 hour' and b.until > h.start
  left join lateral (
    select t.occupied, t.simulated,
           extract(epoch from
             least(coalesce(t.ended_to, t.ended_from + make_interval(secs => b.heartbeat_limit_s)),
                   h.start + interval '1 hour', b.until)
             - greatest(t.begun_to, h.start, b.since)) as seconds
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
"""

HOURS_OF_TODAY = """
create or replace view parking.v1_kind_hour as
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
drop view parking.stay_kind;
drop trigger note_kind on parking.bay;
drop function parking.note_kind();
drop table parking.bay_kind;
"""


def upgrade() -> None:
    """Keep kinds from now on; what bays are today holds for all the time before."""
    op.execute(KINDS)
    op.execute(HOURS)


def downgrade() -> None:
    """Forget what bays were before."""
    op.execute(HOURS_OF_TODAY)

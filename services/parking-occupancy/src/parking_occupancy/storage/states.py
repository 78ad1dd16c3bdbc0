"""What is remembered and shown of bays, lots and signs: written with each change, read at start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from parking_occupancy.domain.change import Change, Situation
from parking_occupancy.entity import Entity, Kind, Mark
from parking_occupancy.storage import rows

_WRITE_BAYS = """
insert into bay_state
select * from json_populate_recordset(null::bay_state, $1::json)
    on conflict (bay_id) do update
   set (newest_event_id, newest_at, newest_reading, newest_simulated, start_at, start_event_id,
        other_at, other_event_id, recent, newest_sensor, other_sensors, state, reason, since,
        measured_at, computed_at, valid_until, simulated, version, change_no)
     = (excluded.newest_event_id, excluded.newest_at, excluded.newest_reading,
        excluded.newest_simulated, excluded.start_at, excluded.start_event_id, excluded.other_at,
        excluded.other_event_id, excluded.recent, excluded.newest_sensor,
        excluded.other_sensors, excluded.state, excluded.reason, excluded.since,
        excluded.measured_at, excluded.computed_at, excluded.valid_until, excluded.simulated,
        excluded.version, excluded.change_no)
"""

_WRITE_LOTS = """
insert into lot_state
select * from json_populate_recordset(null::lot_state, $1::json)
    on conflict (lot_id) do update
   set (state, capacity, free_min, free_max, occupied, unknown, out_of_service, trend, by_kind,
        samples, measured_at, computed_at, valid_until, number_until, simulated, version,
        change_no, free, by_group)
     = (excluded.state, excluded.capacity, excluded.free_min, excluded.free_max,
        excluded.occupied, excluded.unknown, excluded.out_of_service, excluded.trend,
        excluded.by_kind, excluded.samples, excluded.measured_at, excluded.computed_at,
        excluded.valid_until, excluded.number_until, excluded.simulated, excluded.version,
        excluded.change_no, excluded.free, excluded.by_group)
"""

_WRITE_SIGNS = """
insert into sign_state
select * from json_populate_recordset(null::sign_state, $1::json)
    on conflict (sign_id) do update
   set (state, state_since, free, text, overridden, alternative, alternative_name,
        alternative_state, alternative_free, measured_at, computed_at, valid_until, simulated,
        version, change_no)
     = (excluded.state, excluded.state_since, excluded.free, excluded.text, excluded.overridden,
        excluded.alternative, excluded.alternative_name, excluded.alternative_state,
        excluded.alternative_free, excluded.measured_at, excluded.computed_at,
        excluded.valid_until, excluded.simulated, excluded.version, excluded.change_no)
"""

_READ: Mapping[Kind, str] = {
    "bay": "select * from bay_state",
    "lot": "select * from lot_state",
    "sign": "select * from sign_state",
}

_UNPUBLISHED = """
select 'bay' as kind, bay_id as id, version from bay_state where published_version < version
 union all
select 'lot', lot_id, version from lot_state where published_version < version
 union all
select 'sign', sign_id, version from sign_state where published_version < version
"""

# Rows are locked in the order in which `write` does, so that neither waits for the other for ever.
_NOTE_PUBLISHED: Mapping[Kind, str] = {
    "bay": """
with p as (
    select bay_id, p.version
      from bay_state s join unnest($1::text[], $2::bigint[]) as p (bay_id, version) using (bay_id)
     where s.published_version < p.version
     order by bay_id for update of s
)
update bay_state s set published_version = p.version from p where s.bay_id = p.bay_id
""",
    "lot": """
with p as (
    select lot_id, p.version
      from lot_state s join unnest($1::text[], $2::bigint[]) as p (lot_id, version) using (lot_id)
     where s.published_version < p.version
     order by lot_id for update of s
)
update lot_state s set published_version = p.version from p where s.lot_id = p.lot_id
""",
    "sign": """
with p as (
    select sign_id, p.version
      from sign_state s join unnest($1::text[], $2::bigint[]) as p (sign_id, version) using (sign_id)
     where s.published_version < p.version
     order by sign_id for update of s
)
update sign_state s set published_version = p.version from p where s.sign_id = p.sign_id
""",
}


async def write(
    connection: Any, before: Situation, change: Change, marks: Mapping[Entity, Mark]
) -> None:
    """Store a change; the marks are those of everything in it."""
    bays = rows.changed_bays(before, change, marks)
    lots = [rows.of_lot(one, marks[Entity("lot", i)]) for i, one in sorted(change.lots.items())]
    signs = [rows.of_sign(one, marks[Entity("sign", i)]) for i, one in sorted(change.signs.items())]
    for sql, written in ((_WRITE_BAYS, bays), (_WRITE_LOTS, lots), (_WRITE_SIGNS, signs)):
        if written:
            await connection.execute(sql, _json(written))


def _json(written: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(written).decode()


async def read(connection: Any, kind: Kind) -> list[Any]:
    """Return the stored states of a kind, retired ones too."""
    return list(await connection.fetch(_READ[kind]))


async def unpublished(connection: Any) -> list[tuple[Entity, int]]:
    """Return the versions that are not known to have reached the broker."""
    rows = await connection.fetch(_UNPUBLISHED)
    return [(Entity(row["kind"], row["id"]), row["version"]) for row in rows]


async def note_published(connection: Any, published: Iterable[tuple[Entity, int]]) -> None:
    """Store which versions the broker has acknowledged."""
    found = sorted(published)
    for kind, sql in _NOTE_PUBLISHED.items():
        of_kind = [(entity.id, version) for entity, version in found if entity.kind == kind]
        if of_kind:
            await connection.execute(sql, *zip(*of_kind, strict=True))

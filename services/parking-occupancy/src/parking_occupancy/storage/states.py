# SPDX-License-Identifier: EUPL-1.2
"""What is remembered and shown of bays, lots and signs: written with each change, read at start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

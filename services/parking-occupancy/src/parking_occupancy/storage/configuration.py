# SPDX-License-Identifier: EUPL-1.2
"""Lots, bays and signs as configured: written by `city apply`, read by the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from parking_occupancy.domain.bay import Bay
from parking_occupancy.domain.city import City
from parking_occupancy.domain.flapping import FlappingRule
from parking_occupancy.domain.lot import Lot
from parking_occupancy.domain.opening import Closure, Hours, Openings, always_closed, always_open
from parking_occupancy.domain.orders import AUTO, Control, Mode, Opening, Override, Planned
from parking_occupancy.domain.restrictions import BayKind, Orientation
from parking_occupancy.domain.sign import Sign, Texts
from parking_occupancy.domain.signing import Algorithm, SigningKey
from parking_occupancy.domain.thresholds import Thresholds
from parking_occupancy.opening_hours_osm import read_hours
from parking_occupancy.storage import orders
from parking_occupancy.storage.balancing import to_balancing
from parking_occupancy.storage.orders import Order, Target
from parking_occupancy.storage.restrictions import (
    bay_restrictions,
    groups_of,
    lot_restrictions,
    timed_kinds,
    told_hours,
)
from stadttakt_messages.base import BayId, LotId, SignId
from stadttakt_messages.states import SiteStatus

_CLOSED = frozenset({"off", "closed"})

_LOCK = "select version from configuration for update"

_WRITE_LOTS = """
insert into lot (lot_id, name, capacity, detection, lat, lon, opening, reserve, unknown_limit,
                 alternatives, balancing, hours, flapping, max_stay_min, grace_s, max_height_cm,
                 max_width_cm, restrictions, thresholds)
select lot_id, name, capacity, detection, lat, lon, opening, reserve, unknown_limit, alternatives,
       nullif(balancing, 'null'::jsonb), hours, nullif(flapping, 'null'::jsonb),
       max_stay_min, grace_s, max_height_cm, max_width_cm, nullif(restrictions, 'null'::jsonb),
       nullif(thresholds, 'null'::jsonb)
  from jsonb_populate_recordset(null::lot, $1::jsonb)
    on conflict (lot_id) do update
   set name = excluded.name, capacity = excluded.capacity, detection = excluded.detection,
       lat = excluded.lat, lon = excluded.lon, opening = excluded.opening,
       reserve = excluded.reserve, unknown_limit = excluded.unknown_limit,
       alternatives = excluded.alternatives, balancing = excluded.balancing, hours = excluded.hours,
       flapping = excluded.flapping, max_stay_min = excluded.max_stay_min,
       grace_s = excluded.grace_s, max_height_cm = excluded.max_height_cm,
       max_width_cm = excluded.max_width_cm, restrictions = excluded.restrictions,
       thresholds = excluded.thresholds, retired_at = null
 where lot.* is distinct from excluded.*
returning 1
"""

_WRITE_BAYS = """
insert into bay (bay_id, lot_id, kind, lat, lon, heartbeat_limit_s, outline, timed_kinds, groups,
                 max_stay_min, orientation)
select bay_id, lot_id, kind, lat, lon, heartbeat_limit_s, nullif(outline, 'null'::jsonb),
       nullif(timed_kinds, 'null'::jsonb), groups, max_stay_min, orientation
  from jsonb_populate_recordset(null::bay, $1::jsonb)
    on conflict (bay_id) do update
   set lot_id = excluded.lot_id, kind = excluded.kind, lat = excluded.lat, lon = excluded.lon,
       heartbeat_limit_s = excluded.heartbeat_limit_s, outline = excluded.outline,
       timed_kinds = excluded.timed_kinds, groups = excluded.groups,
       max_stay_min = excluded.max_stay_min, orientation = excluded.orientation,
       retired_at = null
 where (bay.lot_id, bay.kind, bay.lat, bay.lon, bay.heartbeat_limit_s, bay.outline,
        bay.timed_kinds, bay.groups, bay.max_stay_min, bay.orientation, bay.retired_at)
       is distinct from (excluded.lot_id, excluded.kind, excluded.lat, excluded.lon,
                         excluded.heartbeat_limit_s, excluded.outline, excluded.timed_kinds,
                         excluded.groups, excluded.max_stay_min, excluded.orientation, null)
returning 1
"""

_WRITE_SIGNS = """
insert into sign (sign_id, lot_id, lat, lon, min_dwell_s, stale_after_s, hold_s, thresholds, texts,
                  key_id, max_characters)
select sign_id, lot_id, lat, lon, min_dwell_s, stale_after_s, hold_s,
       nullif(thresholds, 'null'::jsonb), texts, key_id, max_characters
  from jsonb_populate_recordset(null::sign, $1::jsonb)
    on conflict (sign_id) do update
   set lot_id = excluded.lot_id, lat = excluded.lat, lon = excluded.lon,
       min_dwell_s = excluded.min_dwell_s, stale_after_s = excluded.stale_after_s,
       hold_s = excluded.hold_s, thresholds = excluded.thresholds, texts = excluded.texts,
       key_id = excluded.key_id, max_characters = excluded.max_characters, retired_at = null
 where sign.* is distinct from excluded.*
returning 1
"""

_WRITE_KEYS = """
insert into signing_key
select * from jsonb_populate_recordset(null::signing_key, $1::jsonb)
    on conflict (key_id) do update
   set (algorithm, secret_variable, secret_file)
     = (excluded.algorithm, excluded.secret_variable, excluded.secret_file)
 where signing_key.* is distinct from excluded.*
returning 1
"""
_RETIRE_KEYS = "delete from signing_key where key_id <> all ($1::text[]) returning 1"

_RETIRE_LOTS = """
update lot set retired_at = now()
 where retired_at is null and lot_id <> all ($1::text[]) returning 1
"""
_RETIRE_BAYS = """
update bay set retired_at = now()
 where retired_at is null and bay_id <> all ($1::text[]) returning 1
"""
_RETIRE_SIGNS = """
update sign set retired_at = now()
 where retired_at is null and sign_id <> all ($1::text[]) returning 1
"""

_BUMP = "update configuration set version = version + 1"
_VERSION = "select version from configuration"
_READ_LOTS = "select * from lot where retired_at is null"
_READ_BAYS = """
select bay.*, lot.flapping, lot.grace_s, lot.max_stay_min as lot_max_stay_min,
       exists (select from bay_kind k where k.bay_id = bay.bay_id and not k.personal) as was_public
  from bay join lot using (lot_id)
 where bay.retired_at is null and lot.retired_at is null
"""
_READ_KEYS = "select * from signing_key"
_READ_SIGNS = """
select sign.*, lot.detection from sign join lot using (lot_id)
 where sign.retired_at is null and lot.retired_at is null
"""

Rows = Sequence[Mapping[str, Any]]
Ordered = Mapping[Target, Order]
Written = tuple[int, int]
"""How many rows were new or changed, and how many retired."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a folder changed."""

    lots: Written
    bays: Written
    signs: Written
    signing_keys: Written


async def apply(
    connection: Any, *, lots: Rows, bays: Rows, signs: Rows, signing_keys: Rows = ()
) -> Applied:
    """Bring the tables to these rows; the version grows if anything changed."""
    await connection.fetchval(_LOCK)
    applied = Applied(
        lots=await _write(connection, _WRITE_LOTS, _RETIRE_LOTS, lots, "lot_id"),
        bays=await _write(connection, _WRITE_BAYS, _RETIRE_BAYS, bays, "bay_id"),
        signs=await _write(connection, _WRITE_SIGNS, _RETIRE_SIGNS, signs, "sign_id"),
        signing_keys=await _write(connection, _WRITE_KEYS, _RETIRE_KEYS, signing_keys, "key_id"),
    )
    if any(map(any, (applied.lots, applied.bays, applied.signs, applied.signing_keys))):
        await connection.execute(_BUMP)
    return applied


async def _write(connection: Any, write: str, retire: str, rows: Rows, id_field: str) -> Written:
    written = await connection.fetch(write, orjson.dumps(rows).decode())
    retired = await connection.fetch(retire, [row[id_field] for row in rows])
    return len(written), len(retired)


async def version(connection: Any) -> int:
    """Return the version of the configuration."""
    return int(await connection.fetchval(_VERSION))


async def load(connection: Any) -> City:
    """Return the city as configured and as ordered by operators, without what is retired."""
    ordered = await orders.in_force(connection)
    return City.of(
        bays=[_bay(row, ordered) for row in await connection.fetch(_READ_BAYS)],
        lots=[_lot(row, ordered) for row in await connection.fetch(_READ_LOTS)],
        signs=[_sign(row, ordered) for row in await connection.fetch(_READ_SIGNS)],
        signing_keys=[_signing_key(row) for row in await connection.fetch(_READ_KEYS)],
    )


def _lot(row: Any, ordered: Ordered) -> Lot:
    return Lot(
        lot_id=LotId(row["lot_id"]),
        name=row["name"],
        capacity=row["capacity"],
        detection=row["detection"],
        lat=row["lat"],
        lon=row["lon"],
        opening=row["opening"],
        reserve=row["reserve"],
        unknown_limit=row["unknown_limit"],
        alternatives=tuple(LotId(each) for each in row["alternatives"]),
        openings=_openings(row, _opening(ordered.get(Target("lot", row["lot_id"], "opening")))),
        balancing=to_balancing(row),
        max_stay_min=row["max_stay_min"],
        max_height_cm=row["max_height_cm"],
        max_width_cm=row["max_width_cm"],
        restrictions=lot_restrictions(row),
        thresholds=_thresholds(row),
    )


def _thresholds(row: Any) -> Thresholds | None:
    return Thresholds(**orjson.loads(row["thresholds"])) if row["thresholds"] else None


def _openings(row: Any, order: Opening | None) -> Openings:
    stored = orjson.loads(row["hours"]) if row["hours"] else None
    if stored is None:
        # Applied before hours were understood: nothing but `off` was.
        return Openings(always_closed if row["opening"] in _CLOSED else always_open, order=order)
    hours: Hours = read_hours(
        row["opening"],
        timezone=stored["timezone"],
        region=stored["region"],
        lat=row["lat"],
        lon=row["lon"],
    )
    closures = tuple(
        Closure(
            datetime.fromisoformat(each["begin"]),
            datetime.fromisoformat(each["end"]),
            each["reason"],
        )
        for each in stored["closures"]
    )
    return Openings(hours, closures, order, told_hours(lot_restrictions(row)))


def _bay(row: Any, ordered: Ordered) -> Bay:
    restrictions = bay_restrictions(row)
    return Bay(
        bay_id=BayId(row["bay_id"]),
        lot_id=LotId(row["lot_id"]),
        kind=BayKind(row["kind"]),
        lat=row["lat"],
        lon=row["lon"],
        heartbeat_limit=timedelta(seconds=row["heartbeat_limit_s"]),
        out_of_service=_out_of_service(ordered.get(Target("bay", row["bay_id"], "service"))),
        reserved=_planned(ordered.get(Target("bay", row["bay_id"], "reservation"))),
        flapping=_flapping(row["flapping"]),
        outline=row["outline"],
        timed_kinds=timed_kinds(row),
        was_public=row["was_public"],
        grace=timedelta(seconds=row["grace_s"]),
        groups=groups_of(row["groups"]),
        max_stay_min=row["max_stay_min"],
        orientation=Orientation(row["orientation"]) if row["orientation"] else None,
        restrictions=restrictions,
        told_hours=told_hours(restrictions),
    )


def _sign(row: Any, ordered: Ordered) -> Sign:
    mode = ordered.get(Target("sign", row["sign_id"], "control"))
    override = ordered.get(Target("sign", row["sign_id"], "override"))
    return Sign(
        sign_id=SignId(row["sign_id"]),
        lot_id=LotId(row["lot_id"]),
        detection=row["detection"],
        lat=row["lat"],
        lon=row["lon"],
        min_dwell=timedelta(seconds=row["min_dwell_s"]),
        stale_after=timedelta(seconds=row["stale_after_s"]),
        hold=timedelta(seconds=row["hold_s"]),
        thresholds=_thresholds(row),
        texts=Texts(**orjson.loads(row["texts"])),
        mode=_mode(mode) if mode else AUTO,
        override=_override(override) if override else None,
        key_id=row["key_id"],
        max_characters=row["max_characters"],
    )


def _signing_key(row: Any) -> SigningKey:
    algorithm = Algorithm(row["algorithm"])
    return SigningKey(row["key_id"], algorithm, row["secret_variable"], row["secret_file"])


def _opening(order: Order | None) -> Opening | None:
    if order is None or order.value is None:
        return None
    return Opening(order.until, closed=order.value["opening"] == "closed")


def _flapping(stored: str | None) -> FlappingRule | None:
    rule = orjson.loads(stored) if stored else None
    if rule is None:
        return None
    within, calm = (timedelta(seconds=rule[name]) for name in ("within_s", "calm_s"))
    return FlappingRule(rule["changes"], within, calm)


def _out_of_service(order: Order | None) -> Planned | None:
    if order is None or order.value is None or order.value["in_service"]:
        return None
    return _planned(order)


def _planned(order: Order | None) -> Planned | None:
    if order is None or order.value is None:
        return None
    begin = order.value.get("from")
    return Planned(order.until, datetime.fromisoformat(begin) if begin else None)


def _mode(order: Order) -> Mode:
    value = order.value or {}
    return Mode(Control(value["control"]), value["offset"])


def _override(order: Order) -> Override:
    value = order.value or {}
    return Override(order.until, SiteStatus(value["state"]), value["text"], value["free"])

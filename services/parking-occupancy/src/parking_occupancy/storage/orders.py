# SPDX-License-Identifier: EUPL-1.2
"""Orders of operators: the newest of an entity and name is in force, all are the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import orjson

from parking_occupancy.domain.places import Withdrawn
from stadttakt_messages.base import BayId, LotId

EntityKind = Literal["bay", "lot", "sign"]
Name = Literal["control", "count", "opening", "override", "reservation", "service"]

_PLACE = """
insert into operator_order
    (entity_kind, entity_id, name, value, until, reason, author, given_at, undoes)
values ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9)
returning *
"""
_IN_FORCE = """
select * from (
    select distinct on (entity_kind, entity_id, name) *
      from operator_order order by entity_kind, entity_id, name, order_id desc
) newest
 where value is not null and (until is null or until > now())
"""
_NEWEST_TWO = """
select * from operator_order
 where (entity_kind, entity_id, name) = ($1, $2, $3) order by order_id desc limit 2
"""
_ONE = "select * from operator_order where order_id = $1"
_LIST = """
select * from operator_order
 where ($1::text is null or entity_kind = $1) and ($2::text is null or entity_id = $2)
   and order_id < $3
 order by order_id desc limit $4
"""
_IS_PLACED = """
select exists (
    select from operator_order
     where (entity_kind, entity_id, name) = ($1, $2, $3)
       and (value->>'anchor_id' = $4 or undoes = $5)
)
"""
# An order holds until its end, or until the next one about the same takes its place.
_WITHDRAWN = """
select bay_id, begin, "end"
  from (select entity_id as bay_id,
               greatest(given_at, (value->>'from')::timestamptz) as begin,
               least(until, lead(given_at) over (partition by entity_id, name order by order_id),
                     $3) as "end",
               value is not null and not coalesce((value->>'in_service')::bool, false) as withdraws
          from operator_order
         where entity_kind = 'bay' and name in ('service', 'reservation')
           and entity_id in (select bay_id from bay where lot_id = $1)) as ordered
 where withdraws and begin < "end" and "end" > $2
 order by bay_id, begin
"""
_BUMP = "update configuration set version = version + 1"
# One order after the other, so that an undo sees the newest.
_LOCK = "select version from configuration for update"


class Target(NamedTuple):
    """What an order is about."""

    kind: EntityKind
    id: str
    name: Name


@dataclass(frozen=True, slots=True)
class Order:
    """One order; without a value it takes back what was ordered before."""

    order_id: int
    target: Target
    value: Mapping[str, Any] | None
    until: datetime | None
    reason: str
    author: str
    given_at: datetime
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Who orders, when and why."""

    reason: str
    author: str
    at: datetime


async def place(
    connection: Any,
    target: Target,
    value: Mapping[str, Any] | None,
    given: Given,
    *,
    until: datetime | None = None,
    undoes: int | None = None,
) -> Order:
    """Store an order and let the running service take it over."""
    await connection.fetchval(_LOCK)
    row = await connection.fetchrow(
        _PLACE,
        *target,
        None if value is None else orjson.dumps(value).decode(),
        until,
        given.reason,
        given.author,
        given.at,
        undoes,
    )
    await connection.execute(_BUMP)
    return _order(row)


async def take_back(connection: Any, target: Target, given: Given) -> Order | None:
    """Store that what was ordered holds no more; nothing, and no audit, where nothing holds."""
    newest = (await newest_two(connection, target))[:1]
    holds = [
        order
        for order in newest
        if order.value is not None and (order.until is None or given.at < order.until)
    ]
    return await place(connection, target, None, given) if holds else None


async def place_once(
    connection: Any,
    target: Target,
    value: Mapping[str, Any] | None,
    given: Given,
    *,
    undoes: int | None = None,
) -> Order | None:
    """Store an order about a count, None where it is there: so its transaction can be repeated."""
    await connection.fetchval(_LOCK)
    anchor_id = value["anchor_id"] if value else None
    if await connection.fetchval(_IS_PLACED, *target, anchor_id, undoes):
        return None
    return await place(connection, target, value, given, undoes=undoes)


async def in_force(connection: Any) -> dict[Target, Order]:
    """Return what is ordered now, without what has ended."""
    orders = [_order(row) for row in await connection.fetch(_IN_FORCE)]
    return {order.target: order for order in orders}


async def newest_two(connection: Any, target: Target) -> list[Order]:
    """Return the newest order about something and the one before; none is placed meanwhile."""
    await connection.fetchval(_LOCK)
    return [_order(row) for row in await connection.fetch(_NEWEST_TWO, *target)]


async def get(connection: Any, order_id: int) -> Order | None:
    """Return one order."""
    row = await connection.fetchrow(_ONE, order_id)
    return None if row is None else _order(row)


async def withdrawn(
    connection: Any, lot_id: LotId, begin: datetime, end: datetime
) -> dict[BayId, list[Withdrawn]]:
    """Return when bays of a lot were out of service or reserved in a stretch of time."""
    found: dict[BayId, list[Withdrawn]] = {}
    for row in await connection.fetch(_WITHDRAWN, lot_id, begin, end):
        found.setdefault(BayId(row["bay_id"]), []).append(Withdrawn(row["begin"], row["end"]))
    return found


async def list_orders(
    connection: Any, *, kind: EntityKind | None, entity_id: str | None, before: int, limit: int
) -> list[Order]:
    """Return orders, the newest first."""
    return [_order(row) for row in await connection.fetch(_LIST, kind, entity_id, before, limit)]


def _order(row: Any) -> Order:
    return Order(
        order_id=row["order_id"],
        target=Target(row["entity_kind"], row["entity_id"], row["name"]),
        value=orjson.loads(row["value"]) if row["value"] else None,
        until=row["until"],
        reason=row["reason"],
        author=row["author"],
        given_at=row["given_at"],
        undoes=row["undoes"],
    )

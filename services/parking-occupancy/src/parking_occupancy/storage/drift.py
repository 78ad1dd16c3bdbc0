# SPDX-License-Identifier: EUPL-1.2
"""By how much counts were moved: rows, and their sums by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from parking_occupancy.domain.balance import Cause, Correction
from stadttakt_messages.base import LotId

_ROWS = """
select at, ref, cause, amount, gate, drift from count_correction
 where lot_id = $1 and at >= $2 and at < $3
   and ($4::timestamptz is null or (at, ref, cause) > ($4, $5, $6))
 order by at, ref, cause limit $7
"""
_BY_DAY = """
select (at at time zone $4)::date as day, cause, sum(amount) as net, sum(abs(amount)) as vehicles,
       coalesce(sum(abs(amount)) filter (where drift), 0) as drifted, count(*) as corrections
  from count_correction
 where lot_id = $1 and at >= $2 and at < $3
 group by day, cause order by day, cause
"""
_SINCE = """
select lot_id, cause, coalesce(sum(abs(amount)) filter (where drift), 0) as vehicles
  from count_correction
 where at >= $1 group by lot_id, cause
"""


@dataclass(frozen=True, slots=True)
class DayCause:
    """The corrections of one cause on one day."""

    day: date
    cause: Cause
    net: int
    vehicles: int
    drifted: int
    corrections: int


async def rows(
    connection: Any,
    lot_id: str,
    start: datetime,
    end: datetime,
    *,
    after: tuple[datetime, str, str] | None,
    limit: int,
) -> list[Correction]:
    """Return the corrections from one time to before another, after a place among them."""
    place = after or (None, None, None)
    found = await connection.fetch(_ROWS, lot_id, start, end, *place, limit)
    return [
        Correction(
            row["at"], row["ref"], Cause(row["cause"]), row["amount"], row["gate"], row["drift"]
        )
        for row in found
    ]


async def by_day(
    connection: Any, lot_id: str, start: datetime, end: datetime, timezone: str
) -> list[DayCause]:
    """Return the sums of each day of a time zone and cause."""
    found = await connection.fetch(_BY_DAY, lot_id, start, end, timezone)
    return [
        DayCause(
            row["day"],
            Cause(row["cause"]),
            row["net"],
            row["vehicles"],
            row["drifted"],
            row["corrections"],
        )
        for row in found
    ]


async def since(connection: Any, start: datetime) -> dict[LotId, Mapping[Cause, int]]:
    """Return by how many vehicles counts had drifted since a time, by lot and cause of corrections."""
    found: dict[LotId, dict[Cause, int]] = {}
    for row in await connection.fetch(_SINCE, start):
        found.setdefault(LotId(row["lot_id"]), {})[Cause(row["cause"])] = row["vehicles"]
    return dict(found)

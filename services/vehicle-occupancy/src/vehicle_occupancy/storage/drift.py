# SPDX-License-Identifier: EUPL-1.2
"""By how much counts were wrong where vehicles were empty, by hour and vehicle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.drift import Drift

_ADD = """
insert into door_drift as known (hour, vehicle_id, corrections, persons) values ($1, $2, $3, $4)
    on conflict (hour, vehicle_id) do update
   set (corrections, persons)
       = (known.corrections + excluded.corrections, known.persons + excluded.persons)
"""
_SINCE = """
select vehicle_id, sum(corrections)::int as corrections, sum(persons) as persons
  from door_drift where hour >= $1 group by vehicle_id
"""
_FORGET = "delete from door_drift where hour < $1"


async def add(connection: Any, found: Mapping[tuple[datetime, VehicleId], Drift]) -> None:
    """Add corrections to those of their hours."""
    if found:
        rows = [(*key, *found[key]) for key in sorted(found)]
        await connection.executemany(_ADD, rows)


async def since(connection: Any, hour: datetime) -> dict[VehicleId, Drift]:
    """Return what was corrected of vehicles from an hour on."""
    rows = await connection.fetch(_SINCE, hour)
    return {row["vehicle_id"]: Drift(row["corrections"], row["persons"]) for row in rows}


async def forget(connection: Any, before: datetime) -> None:
    """Delete what is older."""
    await connection.execute(_FORGET, before)

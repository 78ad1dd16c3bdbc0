# SPDX-License-Identifier: EUPL-1.2
"""Passenger-kilometres per day, line and direction, and how many were ridden above the limit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from vehicle_occupancy.domain.peaks.comfort import Ridden

_STORE = """
insert into line_comfort (day, line, direction, passenger_km, above_km, excess_km, sections,
                          counted, place_km, simulated)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (day, line, direction) do update
   set (passenger_km, above_km, excess_km, sections, counted, place_km, simulated, changed_at)
       = (excluded.passenger_km, excluded.above_km, excluded.excess_km, excluded.sections,
          excluded.counted, excluded.place_km, excluded.simulated, now())
"""
_OF_LINE = """
select day, direction, passenger_km, above_km, excess_km, sections, counted, simulated
  from line_comfort
 where line = $1 and day >= $2 and day < $3
 order by day, direction
"""
_FORGET = "delete from line_comfort where day < $1"


class ComfortDay(NamedTuple):
    """What a line carried on a day in one direction."""

    day: date
    direction: int
    ridden: Ridden
    simulated: bool


async def store(
    connection: Any, day: date, found: Mapping[tuple[str, int], Ridden], *, simulated: bool
) -> None:
    """Store what lines carried on a day, by line and direction."""
    await connection.executemany(
        _STORE,
        [
            (
                *(day, line, direction, ridden.passenger_km, ridden.above_km, ridden.excess_km),
                *(ridden.sections, ridden.counted, ridden.place_km, simulated),
            )
            for (line, direction), ridden in found.items()
        ],
    )


async def of_line(connection: Any, line: str, since: date, until: date) -> list[ComfortDay]:
    """Return what a line carried day by day, the end excluded."""
    return [
        ComfortDay(row["day"], row["direction"], Ridden(*list(row.values())[2:7]), row["simulated"])
        for row in await connection.fetch(_OF_LINE, line, since, until)
    ]


async def forget(connection: Any, before: date) -> None:
    """Delete what is older."""
    await connection.execute(_FORGET, before)

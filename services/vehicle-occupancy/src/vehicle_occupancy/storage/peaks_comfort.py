# SPDX-License-Identifier: EUPL-1.2
"""Passenger-kilometres per day, line and direction, and how many were ridden above the limit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from vehicle_occupancy.domain.peaks.comfort import Ridden
from vehicle_occupancy.domain.peaks.rules import Comfort

_STORE = """
insert into line_comfort (day, line, direction, passenger_km, above_km, excess_km, sections,
                          counted, place_km, simulated, limit_seats, limit_standing)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    on conflict (day, line, direction) do update
   set (passenger_km, above_km, excess_km, sections, counted, place_km, simulated, limit_seats,
        limit_standing, changed_at)
       = (excluded.passenger_km, excluded.above_km, excluded.excess_km, excluded.sections,
          excluded.counted, excluded.place_km, excluded.simulated, excluded.limit_seats,
          excluded.limit_standing, now())
"""
_OF_LINE = """
select day, direction, passenger_km, above_km, excess_km, sections, counted, simulated,
       limit_seats, limit_standing
  from line_comfort
 where line = $1 and day >= $2 and day < $3
 order by day, direction
"""
# Coupled vehicles have no name here, and not always the same places.
_PLACES_CHANGED = """
select exists (
    select from trip_load
     where line = $1 and direction = any ('{0,1}') and vehicle_id is not null and seats is not null
       and (day >= $2 and day < $3 or day >= $4 and day < $5)
     group by vehicle_id having count(distinct (seats, standing)) > 1)
"""
_LINES = "select distinct line from line_comfort where day >= $1 and day < $2"
_CHANGED_AT = "select max(changed_at) from line_comfort"
_FORGET = "delete from line_comfort where day < $1"


class ComfortDay(NamedTuple):
    """What a line carried on a day in one direction, and the limit that was counted with.

    `limit` is none where it was counted before the limit was kept.
    """

    day: date
    direction: int
    ridden: Ridden
    simulated: bool
    limit: Comfort | None


async def store(
    connection: Any,
    day: date,
    found: Mapping[tuple[str, int], Ridden],
    *,
    limit: Comfort,
    simulated: bool,
) -> None:
    """Store what lines carried on a day, by line and direction, as counted with a limit."""
    await connection.executemany(
        _STORE,
        [
            (
                *(day, line, direction, ridden.passenger_km, ridden.above_km, ridden.excess_km),
                *(ridden.sections, ridden.counted, ridden.place_km, simulated),
                *(limit.seats, limit.standing),
            )
            for (line, direction), ridden in found.items()
        ],
    )


async def of_line(connection: Any, line: str, since: date, until: date) -> list[ComfortDay]:
    """Return what a line carried day by day, the end excluded."""
    return [_day(row) for row in await connection.fetch(_OF_LINE, line, since, until)]


async def lines(connection: Any, since: date, until: date) -> list[str]:
    """Return of which lines days of a period were closed, in order, the end excluded."""
    return sorted(row["line"] for row in await connection.fetch(_LINES, since, until))


async def changed_at(connection: Any) -> datetime | None:
    """Return when a day of a line was last closed, or closed anew."""
    found: datetime | None = await connection.fetchval(_CHANGED_AT)
    return found


async def places_changed(
    connection: Any, line: str, one: tuple[date, date], other: tuple[date, date]
) -> bool:
    """Return whether a vehicle of a line had other places on some days of two periods than on others."""
    return bool(await connection.fetchval(_PLACES_CHANGED, line, *one, *other))


def _day(row: Any) -> ComfortDay:
    seats, standing = row["limit_seats"], row["limit_standing"]
    limit = None if seats is None or standing is None else Comfort(seats, standing)
    ridden = Ridden(*list(row.values())[2:7])
    return ComfortDay(row["day"], row["direction"], ridden, row["simulated"], limit)


async def forget(connection: Any, before: date) -> None:
    """Delete what is older."""
    await connection.execute(_FORGET, before)

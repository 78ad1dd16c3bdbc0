# SPDX-License-Identifier: EUPL-1.2
"""Loads per trip and day: what forecasts are learned from; and the past of one section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from vehicle_occupancy.domain.forecast.past import Holds, TripLoad

_COLUMNS = (
    *("day", "trip_id", "line", "direction", "begin_s", "vehicle_id", "seats", "standing"),
    *("stop_ids", "departures_s", "to_next_m", "last_stop_id", "loads", "simulated"),
)
_STORE = f"""
insert into trip_load ({", ".join(_COLUMNS)})
values ({", ".join(f"${n}" for n in range(1, len(_COLUMNS) + 1))})
    on conflict (day, trip_id) do update
   set (vehicle_id, seats, standing, loads, simulated)
       = (excluded.vehicle_id, excluded.seats, excluded.standing, excluded.loads,
          excluded.simulated)
 where trip_load.loads is distinct from excluded.loads
    or trip_load.vehicle_id is distinct from excluded.vehicle_id
"""  # noqa: S608 (constant parts only)
_READ = "select * from trip_load where day >= $1 and day < $2"
_OF_LINE = """
select * from trip_load where line = $1 and direction = $2 and day = any($3::date[])
"""
_OF_LINES = "select * from trip_load where line = $1 and day = any($2::date[])"
_DAYS = "select distinct day from trip_load where day >= $1 and day < $2 order by day"
_KEYS = "select day, trip_id from trip_load where day = any($1::date[])"
_FORGET = "delete from trip_load where day < $1"


async def store(connection: Any, loads: Iterable[TripLoad]) -> None:
    """Store loads of trips; what is stored of a trip already is replaced."""
    await connection.executemany(_STORE, [_row(load) for load in loads])


async def read(connection: Any, since: date, until: date) -> list[TripLoad]:
    """Return the loads of days, the end excluded."""
    return [_load(row) for row in await connection.fetch(_READ, since, until)]


async def of_line(
    connection: Any, line: str, direction: int, days: Sequence[date]
) -> list[TripLoad]:
    """Return the loads of a line and direction on some days."""
    return [_load(row) for row in await connection.fetch(_OF_LINE, line, direction, list(days))]


async def of_lines(connection: Any, line: str, days: Sequence[date]) -> list[TripLoad]:
    """Return the loads of a line in both directions on some days."""
    return [_load(row) for row in await connection.fetch(_OF_LINES, line, list(days))]


async def days(connection: Any, since: date, until: date) -> list[date]:
    """Return the days of which loads are stored."""
    return [row["day"] for row in await connection.fetch(_DAYS, since, until)]


async def keys(connection: Any, days: Sequence[date]) -> set[tuple[date, str]]:
    """Return of which trips of these days loads are stored."""
    return {(row["day"], row["trip_id"]) for row in await connection.fetch(_KEYS, list(days))}


async def forget(connection: Any, before: date) -> None:
    """Delete what is older."""
    await connection.execute(_FORGET, before)


def _row(load: TripLoad) -> tuple[Any, ...]:
    seats, standing = load.holds or (None, None)
    return (
        *(load.day, load.trip_id, load.line, load.direction, load.departures_s[0]),
        *(load.vehicle_id, seats, standing, load.stop_ids, load.departures_s),
        *(load.to_next_m, load.last_stop_id, load.loads, load.simulated),
    )


def _load(row: Any) -> TripLoad:
    return TripLoad(
        day=row["day"],
        trip_id=row["trip_id"],
        line=row["line"],
        direction=row["direction"],
        stop_ids=tuple(row["stop_ids"]),
        departures_s=tuple(row["departures_s"]),
        to_next_m=tuple(row["to_next_m"]),
        last_stop_id=row["last_stop_id"],
        loads=tuple(row["loads"]),
        vehicle_id=row["vehicle_id"],
        holds=None if row["seats"] is None else Holds(row["seats"], row["standing"]),
        simulated=row["simulated"],
    )

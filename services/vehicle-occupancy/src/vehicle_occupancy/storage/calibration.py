# SPDX-License-Identifier: EUPL-1.2
"""Counted samples of radio devices by day, and the calibrations learned from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import orjson

from vehicle_occupancy.domain.presence import Effects, PresenceCalibration, Rate
from vehicle_occupancy.domain.presence_cells import Cell, CellSum

_FORGET_DAY = "delete from presence_cell where day = $1"
_INSERT = """
insert into presence_cell (day, radio, vehicle_id, line, hour, load_bin, weight, load,
                           load_variance, count, count_square, simulated)
select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::int2[], $6::int2[],
                         $7::float8[], $8::float8[], $9::float8[], $10::float8[], $11::float8[],
                         $12::bool[])
"""
_SINCE = """
select radio, vehicle_id, line, hour, load_bin, sum(weight) as weight, sum(load) as load,
       sum(load_variance) as load_variance, sum(count) as count,
       sum(count_square) as count_square
  from presence_cell
 where day >= $1
   and (not simulated or not exists (select from presence_cell where day >= $1 and not simulated))
 group by radio, vehicle_id, line, hour, load_bin
"""
_KEEP = """
insert into presence_calibration (last_day, fitted_at, samples, effects)
values ($1, $2, $3, $4::jsonb)
    on conflict (last_day) do update
   set fitted_at = excluded.fitted_at, samples = excluded.samples, effects = excluded.effects
"""
_NEWEST = "select effects from presence_calibration order by last_day desc limit 1"
_LAST_DAY = "select max(last_day) from presence_calibration"
_FORGET_CELLS = "delete from presence_cell where day < $1"
_FORGET_CALIBRATIONS = "delete from presence_calibration where last_day < $1"


async def keep_day(connection: Any, day: date, cells: Sequence[tuple[CellSum, bool]]) -> None:
    """Store a day's cells in place of those that were there; each with whether it is simulated."""
    await connection.execute(_FORGET_DAY, day)
    if not cells:
        return
    rows = [
        (
            *each.cell,
            each.weight,
            each.load,
            each.load_variance,
            each.count,
            each.count_square,
            simulated,
        )
        for each, simulated in cells
    ]
    await connection.execute(_INSERT, day, *zip(*rows, strict=True))


async def cells_since(connection: Any, day: date) -> list[CellSum]:
    """Return the cells from a day on; simulated ones only where none is real."""
    return [
        CellSum(
            Cell(row["radio"], row["vehicle_id"], row["line"], row["hour"], row["load_bin"]),
            row["weight"],
            row["load"],
            row["load_variance"],
            row["count"],
            row["count_square"],
        )
        for row in await connection.fetch(_SINCE, day)
    ]


async def keep(
    connection: Any,
    day: date,
    calibration: PresenceCalibration,
    *,
    fitted_at: datetime,
    samples: float,
) -> None:
    """Store what was learned up to a day."""
    stored = orjson.dumps(asdict(calibration), default=list, option=orjson.OPT_NON_STR_KEYS)
    await connection.execute(_KEEP, day, fitted_at, samples, stored.decode())


async def newest(connection: Any) -> PresenceCalibration:
    """Return what was learned last, nothing where nothing was."""
    stored = await connection.fetchval(_NEWEST)
    if stored is None:
        return PresenceCalibration()
    found = orjson.loads(stored)
    return PresenceCalibration(_effects(found["wifi"]), _effects(found["ble"]))


async def last_day(connection: Any) -> date | None:
    """Return the last day that was learned from."""
    day: date | None = await connection.fetchval(_LAST_DAY)
    return day


async def forget(connection: Any, before: date) -> None:
    """Forget cells and calibrations of days before one; the newest calibration stays."""
    await connection.execute(_FORGET_CELLS, before)
    last = await last_day(connection)
    if last is not None:
        await connection.execute(_FORGET_CALIBRATIONS, min(before, last))


def _effects(stored: dict[str, Any] | None) -> Effects | None:
    if stored is None:
        return None
    named = {
        name: {key: (pair[0], pair[1]) for key, pair in stored[name].items()}
        for name in ("backgrounds", "vehicles", "lines")
    }
    hours = {int(hour): (pair[0], pair[1]) for hour, pair in stored["hours"].items()}
    return Effects(**{**stored, **named, "hours": hours, "fleet": Rate(*stored["fleet"])})

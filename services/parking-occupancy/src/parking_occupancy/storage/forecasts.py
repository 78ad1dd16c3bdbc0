# SPDX-License-Identifier: EUPL-1.2
"""Forecasts: the history they are learned from, models, what was issued, the calendar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from parking_occupancy.domain.forecast.telling import Reason, Stored
from parking_occupancy.domain.history import FINEST

LEAST_COMPLETENESS = 0.8
HORIZON = timedelta(minutes=15)

_LOTS = """
select lot_id, s.capacity from lot join lot_state s using (lot_id)
 where retired_at is null and s.capacity > 0
 order by lot_id
"""
_HISTORY_SINCE = """
select exists(
    select from lot
     where retired_at is null
       and exists(select from lot_history h
                   where h.lot_id = lot.lot_id and width_s = $1 and start < $2 and start > $3))
"""
_FREE = """
select array_agg(extract(epoch from start)::bigint order by start), array_agg(free_mean order by start)
  from lot_history
 where lot_id = $1 and width_s = $2 and start >= $3 and start < $4 and completeness >= $5
"""
_FREE_OF_ALL = """
select lot_id, array_agg(extract(epoch from start)::bigint order by start),
       array_agg(free_mean order by start)
  from lot_history
 where width_s = $1 and start >= $2 and start < $3 and completeness >= $4
 group by lot_id
"""
_STORE_MODEL = "insert into forecast_model (learned_at, name, content) values ($1, $2, $3)"
_FORGET_MODELS = """
delete from forecast_model
 where model_id not in (select model_id from forecast_model order by model_id desc limit 3)
"""
_NEWEST_MODEL = "select max(model_id) from forecast_model"
_MODEL = "select name, learned_at, content from forecast_model where model_id = $1"
_STORE = """
insert into lot_forecast (lot_id, issued_at, model, withheld, present, free, low, high,
                          seasonal_mean)
select lot_id, issued_at, model, withheld, present, free, low, high, seasonal_mean
  from jsonb_to_recordset($1::jsonb)
    as given (lot_id text, issued_at timestamptz, model text, withheld text, present float8,
              free int[], low int[], high int[], seasonal_mean float8[])
    on conflict (lot_id, issued_at) do nothing
"""
_NEWEST = """
select issued_at, model, withheld, free, low, high from lot_forecast
 where lot_id = $1 and issued_at > $2
 order by issued_at desc limit 1
"""
_FORGET = "select drop_chunks('lot_forecast', $1::timestamptz)"
_READ_CALENDAR = "select timezone, public_holidays, special_days from forecast_calendar"
_READ_TIMEZONE = "select coalesce((select timezone from forecast_calendar), 'UTC')"
_WRITE_CALENDAR = """
insert into forecast_calendar (timezone, public_holidays, special_days)
values ($1, $2, $3::jsonb)
    on conflict (only_row) do update
   set timezone = excluded.timezone, public_holidays = excluded.public_holidays,
       special_days = excluded.special_days
"""


class LotSize(NamedTuple):
    """A lot and how many general places it has."""

    lot_id: str
    capacity: int


@dataclass(frozen=True, slots=True)
class IssuedRow:
    """One lot's forecasts as issued; no numbers where they are withheld."""

    lot_id: str
    issued_at: datetime
    model: str
    withheld: Reason | None
    present: float | None = None
    free: Sequence[int] = ()
    low: Sequence[int] = ()
    high: Sequence[int] = ()
    seasonal_mean: Sequence[float | None] = ()


class StoredModel(NamedTuple):
    """A model as it lies in the table."""

    name: str
    learned_at: datetime
    content: bytes


class StoredCalendar(NamedTuple):
    """What `city apply` wrote of the calendar."""

    timezone: str
    public_holidays: str
    special_days: Mapping[date, int]


async def lots(connection: Any) -> list[LotSize]:
    """Return the lots that have places, with their number."""
    return [LotSize(*row) for row in await connection.fetch(_LOTS)]


async def has_history_before(connection: Any, before: datetime, since: datetime) -> bool:
    """Tell whether any lot's history begins between two times."""
    return bool(await connection.fetchval(_HISTORY_SINCE, _WIDTH_S, before, since))


async def free_of(
    connection: Any, lot_id: str, since: datetime, until: datetime
) -> tuple[Sequence[int], Sequence[float]]:
    """Return the starts (seconds since 1970) and means of a lot's well-known finest buckets."""
    row = await connection.fetchrow(_FREE, lot_id, _WIDTH_S, since, until, LEAST_COMPLETENESS)
    return row[0] or (), row[1] or ()


async def free_of_all(
    connection: Any, since: datetime, until: datetime
) -> list[tuple[str, Sequence[int], Sequence[float]]]:
    """Return the same for all lots."""
    rows = await connection.fetch(_FREE_OF_ALL, _WIDTH_S, since, until, LEAST_COMPLETENESS)
    return [(row[0], row[1], row[2]) for row in rows]


async def store_model(connection: Any, learned_at: datetime, name: str, content: bytes) -> None:
    """Store a model; the three newest are kept."""
    await connection.execute(_STORE_MODEL, learned_at, name, content)
    await connection.execute(_FORGET_MODELS)


async def newest_model(connection: Any) -> int | None:
    """Return the id of the newest model."""
    found: int | None = await connection.fetchval(_NEWEST_MODEL)
    return found


async def model(connection: Any, model_id: int) -> StoredModel:
    """Return a model."""
    return StoredModel(*await connection.fetchrow(_MODEL, model_id))


async def store(connection: Any, rows: Iterable[IssuedRow]) -> None:
    """Store what was issued; issued once more, the first stays."""
    await connection.execute(_STORE, orjson.dumps([_as_row(row) for row in rows]).decode())


def _as_row(row: IssuedRow) -> dict[str, Any]:
    return {
        "lot_id": row.lot_id,
        "issued_at": row.issued_at,
        "model": row.model,
        "withheld": row.withheld,
        "present": row.present,
        "free": row.free,
        "low": row.low,
        "high": row.high,
        "seasonal_mean": row.seasonal_mean,
    }


async def newest(connection: Any, lot_id: str, since: datetime) -> Stored | None:
    """Return the newest forecast of a lot that was issued after a time."""
    row = await connection.fetchrow(_NEWEST, lot_id, since)
    if row is None:
        return None
    step = int(HORIZON.total_seconds()) // 60
    return Stored(
        issued_at=row["issued_at"],
        model=row["model"],
        withheld=Reason(row["withheld"]) if row["withheld"] else None,
        horizons_min=[step * (place + 1) for place in range(len(row["free"]))],
        free=row["free"],
        low=row["low"],
        high=row["high"],
    )


async def forget(connection: Any, before: datetime) -> None:
    """Drop what was issued long ago, by whole days."""
    await connection.fetch(_FORGET, before)


async def read_calendar(connection: Any) -> StoredCalendar | None:
    """Return what was configured of the calendar."""
    row = await connection.fetchrow(_READ_CALENDAR)
    if row is None:
        return None
    special = orjson.loads(row["special_days"])
    return StoredCalendar(
        row["timezone"],
        row["public_holidays"],
        {date.fromisoformat(day): kind for day, kind in special.items()},
    )


async def read_timezone(connection: Any) -> str:
    """Return the city's time zone, UTC where none was configured."""
    return str(await connection.fetchval(_READ_TIMEZONE))


async def write_calendar(connection: Any, calendar: StoredCalendar) -> None:
    """Store the calendar in place of the one before."""
    special = {f"{day:%Y-%m-%d}": kind for day, kind in sorted(calendar.special_days.items())}
    await connection.execute(
        _WRITE_CALENDAR,
        calendar.timezone,
        calendar.public_holidays,
        orjson.dumps(special).decode(),
    )


_WIDTH_S = int(FINEST.total_seconds())

# SPDX-License-Identifier: EUPL-1.2
"""Scores of forecasts: counted per lot, city day and horizon from what was issued and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from parking_occupancy.domain.forecast.telling import LEAST_SCORED, Skill
from parking_occupancy.storage.forecasts import LEAST_COMPLETENESS

# One forecast a quarter of an hour is enough to tell, and four times cheaper than all.
_COUNT = """
with told as (
    select n * 15 as horizon_min, issued_at + make_interval(mins => n * 15) as at, present,
           free[n] as free, low[n] as low, high[n] as high, seasonal_mean[n] as seasonal_mean
      from lot_forecast, generate_series(1, 16) as n
     where lot_id = $1 and issued_at >= $2::timestamptz - interval '4 hours' and issued_at < $3
       and withheld is null and extract(minute from issued_at)::int % 15 = 0
)
select horizon_min, count(*)::int as forecasts,
       avg(abs(told.free - round(free_mean))) as mae,
       avg(abs(round(told.present) - round(free_mean))) as mae_persistence,
       avg(abs(round(told.seasonal_mean) - round(free_mean))) as mae_seasonal_mean,
       avg((round(free_mean) between low and high)::int)::float8 as coverage,
       avg(high - low)::float8 as width
  from told
  join lot_history h
    on h.lot_id = $1 and h.width_s = 300 and h.start = told.at - interval '5 minutes'
   and h.completeness >= $4
 where told.at >= $2 and told.at < $3 and seasonal_mean is not null
 group by horizon_min
 order by horizon_min
"""
_REACH = """
select distinct on (lot_id, horizon_min) lot_id, horizon_min, reach
  from forecast_score where day > $1
 order by lot_id, horizon_min, day desc
"""
_STORE = """
insert into forecast_score (lot_id, day, horizon_min, forecasts, mae, mae_persistence,
                            mae_seasonal_mean, coverage, width, reach)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (lot_id, day, horizon_min) do nothing
"""
_SKILLS = """
select horizon_min, sum(forecasts)::int as forecasts,
       sum(mae * forecasts) / sum(forecasts) as mae,
       sum(mae_persistence * forecasts) / sum(forecasts) as mae_persistence,
       sum(mae_seasonal_mean * forecasts) / sum(forecasts) as mae_seasonal_mean,
       sum(coverage * forecasts) / sum(forecasts) as coverage
  from forecast_score
 where lot_id = $1 and day >= $2
 group by horizon_min
 order by horizon_min
"""
# A lot of which nothing is told: at every horizon persistence was better, on each of the nights.
_WORSE = """
with judged as (
    select night, lot_id,
           sum(forecasts) >= $3
               and sum(mae * forecasts) > sum(mae_persistence * forecasts) as worse
      from unnest($1::date[]) as night
      join forecast_score on day <= night and day > night - $2::int
     group by night, lot_id, horizon_min
), nights as (
    select lot_id from judged group by lot_id
    having count(distinct night) = cardinality($1::date[]) and bool_and(worse)
)
select lot_id, config.name, coalesce(s.simulated, false) as simulated
  from nights
  join lot config using (lot_id)
  left join lot_state s using (lot_id)
 where config.retired_at is null
 order by lot_id
"""
_OF_LOT = """
select day, horizon_min, forecasts, mae, mae_persistence, mae_seasonal_mean, coverage, width
  from forecast_score
 where lot_id = $1 and day >= $2 and day < $3
 order by day, horizon_min
"""
_OF_CITY = """
select horizon_min, avg(mae / nullif(mae_persistence, 0)) as relative, avg(coverage) as coverage
  from forecast_score where day = $1 group by horizon_min
"""
_LAST_DAY = "select max(day) from forecast_score"
_FORGET = "delete from forecast_score where day < $1"


class DayScore(NamedTuple):
    """How good a lot's forecasts of one horizon were on one day of the city."""

    horizon_min: int
    forecasts: int
    mae: float
    mae_persistence: float
    mae_seasonal_mean: float
    coverage: float
    width: float


class LotDayScore(NamedTuple):
    """The same, as it is served."""

    day: date
    horizon_min: int
    forecasts: int
    mae: float
    mae_persistence: float
    mae_seasonal_mean: float
    coverage: float
    width: float


class WorseLot(NamedTuple):
    """A lot that is forecast worse than by persistence."""

    lot_id: str
    name: str
    simulated: bool


async def count(connection: Any, lot_id: str, begin: datetime, end: datetime) -> list[DayScore]:
    """Return the scores of a lot's forecasts whose targets lie between two times."""
    rows = await connection.fetch(_COUNT, lot_id, begin, end, LEAST_COMPLETENESS)
    return [DayScore(*row) for row in rows]


async def store(connection: Any, lot_id: str, day: date, scores: Mapping[DayScore, float]) -> None:
    """Store a day's scores, each with by what the intervals are stretched from now on."""
    await connection.executemany(
        _STORE, [(lot_id, day, *score, reach) for score, reach in scores.items()]
    )


async def reaches(connection: Any, since: date) -> dict[tuple[str, int], float]:
    """Return by what the intervals of each lot and horizon are stretched at present."""
    rows = await connection.fetch(_REACH, since)
    return {(row["lot_id"], row["horizon_min"]): row["reach"] for row in rows}


async def skills(connection: Any, lot_id: str, since: date) -> list[Skill]:
    """Return how good a lot's forecasts were from a day on, per horizon."""
    return [Skill(*row) for row in await connection.fetch(_SKILLS, lot_id, since)]


async def worse(connection: Any, nights: Sequence[date], over: timedelta) -> list[WorseLot]:
    """Return the lots whose forecasts were withheld as worse after each of some nights."""
    rows = await connection.fetch(_WORSE, nights, over.days, LEAST_SCORED)
    return [WorseLot(*row) for row in rows]


async def of_lot(connection: Any, lot_id: str, since: date, until: date) -> list[LotDayScore]:
    """Return a lot's scores from a day to before another."""
    return [LotDayScore(*row) for row in await connection.fetch(_OF_LOT, lot_id, since, until)]


async def of_city(connection: Any, day: date) -> list[tuple[int, float | None, float]]:
    """Return per horizon the mean over all lots of the relative error and of the coverage."""
    return [tuple(row) for row in await connection.fetch(_OF_CITY, day)]


async def last_day(connection: Any) -> date | None:
    """Return the last day that was scored."""
    found: date | None = await connection.fetchval(_LAST_DAY)
    return found


async def forget(connection: Any, before: date) -> None:
    """Forget scores of long ago."""
    await connection.execute(_FORGET, before)

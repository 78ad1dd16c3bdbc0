# SPDX-License-Identifier: EUPL-1.2
"""Scores of forecasts per day, line, direction and horizon."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from vehicle_occupancy.domain.forecast.scoring import Score
from vehicle_occupancy.domain.forecast.telling import (
    SKILL_OVER,
    Horizon,
    Skill,
    Source,
    Withheld,
    withheld,
)

_FIELDS = (
    *("forecasts", "mae", "mae_last_week", "mae_historical_mean", "coverage", "width"),
    *("level_accuracy", "level_accuracy_last_week", "level_accuracy_historical_mean", "brier"),
    "mae_day_ahead",
)
_STORE = f"""
insert into forecast_score (day, line, direction, horizon, source, {", ".join(_FIELDS)})
values ({", ".join(f"${n}" for n in range(1, 6 + len(_FIELDS)))})
    on conflict (day, line, direction, horizon) do update
   set (source, {", ".join(_FIELDS)})
       = (excluded.source, {", ".join(f"excluded.{name}" for name in _FIELDS)})
 where forecast_score.source = 'held_out'
"""  # noqa: S608 (constant parts only)
_MEANS = ", ".join(f"sum({name} * forecasts) / sum(forecasts) as {name}" for name in _FIELDS[1:-1])
# Days that were scored before it was kept would make it one of other departures.
_DAY_AHEAD = """
case when bool_and(mae_day_ahead is not null)
     then sum(mae_day_ahead * forecasts) / sum(forecasts) end as mae_day_ahead
"""
# Once a line's told forecasts were scored, what the learner held out says nothing more.
_SKILLS = f"""
with decided as (
    select line, direction, horizon,
           case when bool_or(source = 'scored') then 'scored' else 'held_out' end as source
      from forecast_score where day >= $1 group by 1, 2, 3
)
select line, direction, horizon, source, sum(forecasts)::int as forecasts, {_MEANS}, {_DAY_AHEAD}
  from forecast_score join decided using (line, direction, horizon, source)
 where day >= $1 and ($2::text is null or line = $2)
 group by line, direction, horizon, source
 order by line, direction, horizon
"""  # noqa: S608 (constant parts only)
_OF_LINE = """
select * from forecast_score
 where ($1::text is null or line = $1) and day >= $2 and day < $3
   and (day, line, direction, horizon) > ($4, $5, $6, $7)
 order by day, line, direction, horizon limit $8
"""
_LAST = "select max(day) from forecast_score where source = 'scored'"
_FORGET = "delete from forecast_score where day < $1"


class Position(NamedTuple):
    """After which score a page begins."""

    day: date
    line: str
    direction: int
    horizon: str


class DayScore(NamedTuple):
    """The score of one day."""

    day: date
    skill: Skill


async def store(
    connection: Any,
    day: date,
    scores: Mapping[tuple[str, int, Horizon], Score],
    source: Source,
) -> None:
    """Store a day's scores; those of told forecasts replace the learner's own."""
    await connection.executemany(
        _STORE,
        [
            (day, *key, source, *(getattr(score, name) for name in _FIELDS))
            for key, score in scores.items()
        ],
    )


async def skills(connection: Any, since: date, line: str | None = None) -> list[Skill]:
    """Return how good forecasts were since a day, by line, direction and horizon."""
    return [_skill(row) for row in await connection.fetch(_SKILLS, since, line)]


async def judged(connection: Any, since: date, line: str) -> tuple[list[Skill], Withheld]:
    """Return how good a line's forecasts were since a day, and which of them are not told."""
    own = await skills(connection, since, line)
    alone = all(each.is_decisive for each in own)
    return own, withheld(own, own if alone else await skills(connection, since))


async def withheld_on(connection: Any, day: date) -> Withheld:
    """Return the lines and directions whose forecasts are not told on a day."""
    return withheld(await skills(connection, day - SKILL_OVER))


async def of_days(
    connection: Any,
    period: tuple[date, date],
    *,
    line: str | None,
    after: Position | None,
    limit: int,
) -> list[DayScore]:
    """Return scores day by day, the end excluded, of all lines or of one."""
    begin = after or Position(period[0], "", -1, "")
    rows = await connection.fetch(_OF_LINE, line, *period, *begin, limit)
    return [DayScore(row["day"], _skill(row)) for row in rows]


async def last_day(connection: Any) -> date | None:
    """Return the last day whose forecasts were scored."""
    found: date | None = await connection.fetchval(_LAST)
    return found


async def forget(connection: Any, before: date) -> None:
    """Delete what is older."""
    await connection.execute(_FORGET, before)


def _skill(row: Any) -> Skill:
    return Skill(
        row["line"],
        row["direction"],
        Horizon(row["horizon"]),
        Source(row["source"]),
        *(row[name] for name in _FIELDS),
    )

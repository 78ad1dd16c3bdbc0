# SPDX-License-Identifier: EUPL-1.2
"""How full departures will be, how good that was known, and how full a line usually is."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from stadttakt_runtime.auth.dependencies import OPEN, require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from vehicle_occupancy.api.forecast_documents import (
    DayScore,
    LineForecast,
    Scores,
    skill_view,
    trip_view,
    withheld_views,
)
from vehicle_occupancy.api.known_line import UNKNOWN_LINE, require_line
from vehicle_occupancy.api.periods import DatePeriod, TimePeriod, out_of_range
from vehicle_occupancy.api.present import PublicationKey, SeesNumbers
from vehicle_occupancy.domain.forecast.telling import (
    SKILL_OVER,
    Horizon,
    withheld,
)
from vehicle_occupancy.storage import (
    forecast_scores,
    forecasts,
)
from vehicle_occupancy.storage.forecast_settings import service_day

router = APIRouter(prefix="/v1", tags=["forecasts"])

MOST_TRIPS = 2000
MOST_SCORES = 10_000
PUBLIC = {"cache-control": "public, max-age=60", "vary": "authorization"}
PRIVATE = {"cache-control": "no-store", "vary": "authorization"}
LineName = Annotated[str, Query(min_length=1, max_length=100)]
Direction = Annotated[Literal[0, 1] | None, Query(description="as in the timetable; none: both")]
Level = Literal["low", "medium", "high"]


@router.get(
    "/forecast",
    summary="How full a line's departures will be",
    response_model=LineForecast,
    responses=UNKNOWN_LINE,
    openapi_extra=OPEN,
)
async def line_forecast(
    request: Request,
    line: LineName,
    period: Annotated[TimePeriod, Depends()],
    *,
    numbers: SeesNumbers,
    key: PublicationKey,
    direction: Direction = None,
) -> Response:
    """Everybody sees levels as expected the day before, their chances in tenths (decision 0049).

    Who may see numbers sees them as of now, and `skill`.
    """
    since, until = period.bounds(utc_now())
    database: Database = request.app.state.database
    async with database.connection() as connection:
        await require_line(connection, line)
        found = await forecasts.of_line(connection, line, direction, since=since, until=until)
        first = await service_day(connection, since) - SKILL_OVER
        skills = await forecast_scores.skills(connection, first, line)
    if len(found) > MOST_TRIPS:
        raise out_of_range("to", f"the period holds {len(found)} trips; {MOST_TRIPS} are the most")
    gone = withheld(skills)
    told = (each.as_told(gone, live=numbers) for each in found)
    body = LineForecast(
        line=line,
        items=[
            trip_view(each, since, until, key=None if numbers else key)
            for each in told
            if each is not None
        ],
        withheld=withheld_views(
            {Horizon.DAY_AHEAD: gone.day_ahead, **({Horizon.LIVE: gone.live} if numbers else {})},
            direction,
            knows_nothing=not found and not skills,
        ),
        skill=[
            skill_view(each) for each in skills if numbers and direction in (None, each.direction)
        ],
    )
    # To everybody it does not tell when somebody was counted.
    told_at = ((numbers and each.live_at) or each.issued_at for each in found)
    modified = max(told_at, default=utc_now())
    return respond(
        request,
        body.model_dump_json().encode(),
        last_modified=modified,
        headers=PRIVATE if numbers else PUBLIC,
    )


@router.get(
    "/forecast/scores", summary="How good forecasts were", dependencies=[require("transit:read")]
)
async def scores(
    request: Request,
    period: Annotated[DatePeriod, Depends()],
    line: Annotated[str | None, Query(max_length=100)] = None,
) -> Scores:
    """Each service day by line, direction and horizon. Without dates: the last four weeks."""
    database: Database = request.app.state.database
    async with database.connection() as connection:
        since, until = period.bounds(await service_day(connection, utc_now()))
        found = await forecast_scores.of_line(connection, line, since, until, MOST_SCORES + 1)
    if len(found) > MOST_SCORES:
        raise out_of_range("from", "too many scores; ask for one line or a shorter period")
    return Scores(
        items=[
            DayScore(day=each.day, line=each.skill.line, **skill_view(each.skill).model_dump())
            for each in found
        ]
    )

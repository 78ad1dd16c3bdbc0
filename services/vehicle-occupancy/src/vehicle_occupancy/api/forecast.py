# SPDX-License-Identifier: EUPL-1.2
"""How full departures will be, how good that was known, and how full a line usually is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from stadttakt_messages.base import UtcTime
from stadttakt_runtime.auth.dependencies import OPEN, require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.conditional import respond
from stadttakt_runtime.http.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from stadttakt_runtime.http.parameters import made_of
from vehicle_occupancy.api.forecast_documents import (
    DayScore,
    LineForecast,
    skill_view,
    trip_view,
    withheld_views,
)
from vehicle_occupancy.api.known_line import UNKNOWN_LINE, require_line
from vehicle_occupancy.api.periods import DatePeriod, TimePeriod
from vehicle_occupancy.api.polled import UNCHANGED, WithoutNul
from vehicle_occupancy.api.present import PublicationKey, SeesNumbers
from vehicle_occupancy.domain.forecast.telling import (
    SKILL_OVER,
    Horizon,
)
from vehicle_occupancy.storage import (
    forecast_scores,
    forecasts,
)
from vehicle_occupancy.storage.forecast_settings import service_day
from vehicle_occupancy.storage.forecasts import Position, Stored, Wanted

router = APIRouter(prefix="/v1", tags=["forecasts"])

PUBLIC = {"cache-control": "public, max-age=60", "vary": "authorization"}
PRIVATE = {"cache-control": "no-store", "vary": "authorization"}
Level = Literal["low", "medium", "high"]


class AfterTrip(BaseModel):
    """A place among a line's trips."""

    model_config = ConfigDict(extra="forbid")
    begins_at: UtcTime
    trip_id: WithoutNul


class AfterScore(BaseModel):
    """A place among scores."""

    model_config = ConfigDict(extra="forbid")
    day: date
    line: WithoutNul
    direction: Annotated[int, Field(ge=0, le=1)]
    horizon: Horizon


class OfLine:
    """One request for a line's forecasts."""

    def __init__(
        self,
        line: Annotated[str, Query(min_length=1, max_length=100)],
        direction: Annotated[
            Literal[0, 1] | None, Query(description="as in the timetable; none: both")
        ] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> None:
        after = decode_cursor(cursor, AfterTrip)
        place = None if after is None else Position(after.begins_at, after.trip_id)
        self.line, self.direction, self.limit = line, direction, limit
        self.wanted = Wanted(line, direction, place, limit + 1)


@router.get(
    "/forecast",
    summary="How full a line's departures will be",
    response_model=LineForecast,
    responses={**UNKNOWN_LINE, **UNCHANGED},
    openapi_extra=OPEN,
)
async def line_forecast(
    request: Request,
    asked: Annotated[OfLine, made_of(OfLine)],
    period: Annotated[TimePeriod, made_of(TimePeriod)],
    *,
    numbers: SeesNumbers,
    key: PublicationKey,
) -> Response:
    """Everybody sees levels as expected the day before, their chances in tenths (decision 0049).

    Who may see numbers sees them as of now, and `skill`.
    """
    since, until = period.bounds(utc_now())
    database: Database = request.app.state.database
    async with database.connection() as connection:
        await require_line(connection, asked.line)
        first = await service_day(connection, since) - SKILL_OVER
        skills, gone = await forecast_scores.judged(connection, first, asked.line)
        found = await forecasts.of_line(
            connection, asked.wanted, since, until, gone=gone, live=numbers
        )
    shown, more = found[: asked.limit], len(found) > asked.limit
    body = LineForecast(
        line=asked.line,
        items=[trip_view(each, since, until, key=None if numbers else key) for each in shown],
        next_cursor=_after_trip(shown[-1]) if more else None,
        withheld=withheld_views(
            {Horizon.DAY_AHEAD: gone.day_ahead, **({Horizon.LIVE: gone.live} if numbers else {})},
            asked.direction,
            knows_nothing=not found and not skills,
        ),
        skill=[
            skill_view(each)
            for each in skills
            if numbers and asked.direction in (None, each.direction)
        ],
    )
    # To everybody it does not tell when somebody was counted.
    told_at = ((numbers and each.live_at) or each.issued_at for each in shown)
    modified = max(told_at, default=utc_now())
    return respond(
        request,
        body.model_dump_json().encode(),
        last_modified=modified,
        headers=PRIVATE if numbers else PUBLIC,
    )


def _after_trip(stored: Stored) -> str:
    trip_id = stored.kept.issued.trip.trip_id
    return encode_cursor(AfterTrip(begins_at=stored.departures_at[0], trip_id=trip_id))


@router.get(
    "/forecast/scores",
    summary="How good forecasts were",
    dependencies=[require("transit:read")],
    response_model=Page[DayScore],
    responses=UNCHANGED,
)
async def scores(
    request: Request,
    period: Annotated[DatePeriod, made_of(DatePeriod)],
    line: Annotated[WithoutNul | None, Query(max_length=100)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Each service day by line, direction and horizon. Without dates: the last four weeks."""
    now, after = utc_now(), decode_cursor(cursor, AfterScore)
    place = None if after is None else forecast_scores.Position(**dict(after))
    database: Database = request.app.state.database
    async with database.connection() as connection:
        days = period.bounds(await service_day(connection, now))
        found = await forecast_scores.of_days(
            connection, days, line=line, after=place, limit=limit + 1
        )
    items = [
        DayScore(day=each.day, line=each.skill.line, **skill_view(each.skill).model_dump())
        for each in found[:limit]
    ]
    page = Page[DayScore](
        items=items, next_cursor=_after_score(items[-1]) if len(found) > limit else None
    )
    # No score says when it was stored: only the tag tells of a change.
    return respond(request, page.model_dump_json().encode(), last_modified=now, headers=PRIVATE)


def _after_score(score: DayScore) -> str:
    named = {name: getattr(score, name) for name in AfterScore.model_fields}
    return encode_cursor(AfterScore(**named))
